"""Who writes a node's topics: one database, which each control topic names; looked at by `sending` before anything is
sent, so that of two nodes under one id the second is refused."""

from collections.abc import Iterable, Mapping, Sequence

from schemas.wire import control
from schemas.wire.control import Writer
from schemas.wire.event import BadEvent, from_kafka
from services.engine.capture.incarnation import Incarnation
from services.engine.capture.outbox import Change
from services.engine.capture.tables import CONTROL
from services.engine.capture.telling import said
from services.engine.relay.broker import Kept, Place, Tail, Topics
from services.engine.relay.feeds import Feed
from services.engine.relay.projection import Message, publication


class Writers:
    """What the control topics say, read as far as they reach; not shared between tasks."""

    def __init__(self, feeds: Iterable[Feed], topics: Topics) -> None:
        self._feeds = {major.control_topic: (feed, major) for feed in feeds for major in feed.majors}
        self._topics = topics
        self._ends: dict[str, int] = {}
        self._named: dict[str, str] = {}
        #: The highest epoch that any control record bears.
        self.epoch = 0

    async def look(self, tails: Mapping[Place, Tail]) -> None:
        """Read on to where the topics end now; raises CannotPublish."""
        ends = {topic: tails[topic, 0].end for topic in self._feeds}
        for topic, end in ends.items():
            if end < self._ends.get(topic, 0):
                # It was lost, and with it what we know of it.
                self._ends.pop(topic)
                self._named.pop(topic, None)
        spans = {(topic, 0): (self._ends.get(topic, 0), end) for topic, end in ends.items()}
        await self._topics.read(spans, self._take)
        self._ends = ends

    def strangers(self, own: Incarnation) -> set[str]:
        """The topics that another database writes."""
        return {topic for topic, named in self._named.items() if named != own.id}

    def claims(self, own: Incarnation, epoch: int, given: Mapping[str, int]) -> list[Message]:
        """Messages that name us as the writer, for the topics that do not. They do not go through the outbox, since
        they come before everything in it; and they bear the feed's last number, for they are no change."""
        unclaimed = [topic for topic in self._feeds if self._named.get(topic) != own.id]
        return [one for topic in unclaimed for one in self._claim(topic, own, epoch, given)]

    def _claim(self, topic: str, own: Incarnation, epoch: int, given: Mapping[str, int]) -> Sequence[Message]:
        feed, major = self._feeds[topic]
        data = Writer(incarnation=own.id).model_dump()
        new = said(major.mapping.contract.major, control.WRITER, data)
        claim = Change(0, feed.dataset, control.WRITER, epoch, 0, CONTROL, new, own.since, None)
        return publication(feed, claim, None, "").messages(given[feed.dataset])

    def _take(self, messages: Sequence[Kept]) -> None:
        for one in messages:
            try:
                event = from_kafka(one.key, one.value, one.headers)
                self.epoch = max(self.epoch, event.recordepoch)
                if control.kind_of(event) == control.WRITER:
                    self._named[one.place[0]] = control.read(event, Writer).incarnation
            except BadEvent:
                continue
