"""From the outbox to the broker, batch by batch; driven by `loop` under its lease."""

import asyncio
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from services.engine.capture import dirty, outbox, publishing, state
from services.engine.capture.database import Database
from services.engine.capture.outbox import Change
from services.engine.relay.broker import Broker, Refused
from services.engine.relay.feeds import Feed
from services.engine.relay.lease import Lease
from services.engine.relay.positions import POSITION, Positions
from services.engine.relay.projection import Message, Publication, Unpublishable, publication
from services.engine.settings import Settings

_log = logging.getLogger("langqiao.relay")

#: Changes worked on at a stretch, before whatever else is due, such as the lease's renewal, gets its turn.
_BREATH = 25

_BEHIND = "an earlier change of this record is parked"


@dataclass(slots=True)
class Outcome:
    """What came of sending: changes by id, acknowledged or refused with a reason; topics that got messages, and topics
    that are not as we left them."""

    sent: list[int] = field(default_factory=list)
    refused: dict[int, str] = field(default_factory=dict)
    touched: set[str] = field(default_factory=set)
    surprises: set[str] = field(default_factory=set)


class Sender:
    """Sends what waits in the outbox, and knows how far the broker has acknowledged it."""

    def __init__(self, database: Database, feeds: Sequence[Feed], broker: Broker, settings: Settings) -> None:
        self._database = database
        self._feeds = {one.dataset: one for one in feeds}
        self._topics = {topic: count for one in feeds for topic, count in one.topics.items()}
        self._of_topic = {topic: one.dataset for one in feeds for topic in one.topics}
        self._broker = broker
        self._batch, self._limit = settings.relay_batch, settings.outbox_limit
        self._positions = Positions({})

    async def begin(self, lease: Lease) -> None:
        """Have the topics, and compare what the broker holds with what it acknowledged; what it lost waits to be sent
        again. Raises CannotPublish."""
        await self._broker.prepare(self._topics)
        names = [POSITION + topic for topic in self._topics]
        self._positions = Positions(await self._database.read(state.get_all, names))
        tails = await self._broker.tails(self._topics, self._positions.last_offsets)
        unsent = {one: await self._database.read(outbox.unsent_numbers, one) for one in self._feeds}
        wrong = self._positions.compared(tails, lambda topic: unsent[self._of_topic[topic]])
        for topic in wrong:
            if all(tails[topic, one].end == 0 for one in range(self._topics[topic])):
                # All of it is gone, and the outbox keeps only the last while.
                await lease.write(dirty.mark_all, self._of_topic[topic])
        await self._settle(lease, Outcome(surprises=wrong))

    async def round(self, lease: Lease) -> bool:
        """Send what waits, at most a batch; whether anything did. Raises CannotPublish, LeaseLost, DatabaseAway: then
        what was not marked is sent again, under the same numbers and in the same bytes."""
        changes = await self._database.read(outbox.waiting, self._batch)
        if not changes:
            return False
        publications, parked = await self._publications(changes)
        numbers = await self._make_ready(lease, publications, parked)
        outcome = await self._publish(lease, publications, numbers)
        await self._settle(lease, outcome)
        if outcome.surprises:
            # What happened to these topics may have happened to others.
            await self.begin(lease)
        return True

    async def _publications(self, changes: Sequence[Change]) -> tuple[list[Publication], dict[int, str]]:
        """What each change makes public, and why some cannot be; after one that cannot, its record's others wait."""
        made: list[Publication] = []
        parked: dict[int, str] = {}
        stuck: set[tuple[str, str]] = set()
        for place, change in enumerate(changes):
            if place % _BREATH == 0:
                await asyncio.sleep(0)
            record = change.dataset, change.raw_key
            try:
                if change.behind or record in stuck:
                    raise Unpublishable(_BEHIND)
                made.append(self._publication(change))
            except Unpublishable as reason:
                parked[change.id] = str(reason)
                stuck.add(record)
        return made, parked

    def _publication(self, change: Change) -> Publication:
        feed = self._feeds.get(change.dataset)
        if feed is None:
            raise Unpublishable("the dataset is no longer offered here")
        try:
            return publication(feed, change, self._database.dialect.name)
        except Unpublishable:
            raise
        except Exception as fault:
            # One record's odd row must not stop all others. The type alone: its text may hold a value.
            raise Unpublishable(type(fault).__name__) from fault

    async def _make_ready(
        self, lease: Lease, publications: Sequence[Publication], parked: dict[int, str]
    ) -> dict[int, int]:
        """The number of every change that has events."""
        fresh = [one for one in publications if one.change.sequence is None]
        numbers = {one.change.id: one.change.sequence for one in publications if one.change.sequence}
        if fresh or parked:
            numbered = [one.change for one in fresh if one.drafts]
            names = [one.name for one in fresh]
            numbers |= await lease.write(publishing.make_ready, numbered, names, parked)
        if parked:
            _warn("this relay cannot publish", parked)
        return numbers

    async def _publish(
        self, lease: Lease, publications: Sequence[Publication], numbers: Mapping[int, int]
    ) -> Outcome:
        outcome = Outcome()
        try:
            await self._publish_all(lease, publications, numbers, outcome)
            return outcome
        except Refused:
            # One of them is at fault: each by itself shows which.
            return await self._publish_each(lease, publications, numbers)

    async def _publish_each(
        self, lease: Lease, publications: Sequence[Publication], numbers: Mapping[int, int]
    ) -> Outcome:
        outcome = Outcome()
        stuck: set[tuple[str, str]] = set()
        for one in publications:
            record = one.change.dataset, one.change.raw_key
            try:
                if record in stuck:
                    raise Refused({one.change.id: _BEHIND})
                await self._publish_all(lease, [one], numbers, outcome)
            except Refused as refusal:
                outcome.refused[one.change.id] = str(refusal)
                stuck.add(record)
        return outcome

    async def _publish_all(
        self,
        lease: Lease,
        publications: Sequence[Publication],
        numbers: Mapping[int, int],
        outcome: Outcome,
    ) -> None:
        messages: list[Message] = []
        for place, one in enumerate(publications):
            if place % _BREATH == 0:
                await asyncio.sleep(0)
            if one.drafts:
                messages += one.messages(numbers[one.change.id])
        if messages:
            lease.check()
            acks = await self._broker.publish(messages)
            outcome.surprises |= self._positions.acknowledged(messages, acks)
            outcome.touched |= {one.topic for one in messages}
        outcome.sent += [one.change.id for one in publications]

    async def _settle(self, lease: Lease, outcome: Outcome) -> None:
        if outcome.refused:
            _warn("the broker refuses", outcome.refused)
        if outcome.surprises:
            topics = ", ".join(sorted(outcome.surprises))
            _log.warning(
                "the broker lost messages, or another wrote: what was lately sent goes again: %s", topics
            )
            self._positions.forget(outcome.surprises)
        if outcome != Outcome():
            facts = self._positions.facts(outcome.touched | outcome.surprises)
            lost = {self._of_topic[topic] for topic in outcome.surprises}
            await lease.write(publishing.settle, outcome.sent, outcome.refused, facts, lost, self._limit)


def _warn(what: str, parked: Mapping[int, str]) -> None:
    _log.error("%s %d changes, which wait: %s", what, len(parked), ", ".join(sorted(set(parked.values()))))
