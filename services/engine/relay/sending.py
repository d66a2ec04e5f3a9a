"""From the outbox to the broker, batch by batch; driven by `loop` under its lease."""

import asyncio
import logging
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from services.engine.capture import epochs, incarnation, naming, outbox, publishing, snapshot, state, telling
from services.engine.capture.database import Database
from services.engine.capture.faults import BEHIND
from services.engine.capture.outbox import Change
from services.engine.capture.publishing import Round
from services.engine.relay.broker import Broker, CannotPublish, Place, Refused, Tail
from services.engine.relay.deciding import BREATH, decide
from services.engine.relay.feeds import Feed, keys_of, majors_of
from services.engine.relay.lease import Lease
from services.engine.relay.positions import POSITION, Positions
from services.engine.relay.projection import Message, Publication
from services.engine.relay.setting_aside import set_aside
from services.engine.relay.turns import Pace, in_turn
from services.engine.relay.writer import Writers
from services.engine.settings import Settings

_log = logging.getLogger("langqiao.relay")

#: Rows in one transaction: short, since it holds the lease's row, and on SQLite the department's writers wait for it.
_CHUNK = 1_000

#: Why every record of a dataset is told anew.
LOST = "the broker had lost a topic"
NAMELESS = "the pseudonym key by which records are named is not in its file: put that back"
STRANGER = (
    "another database writes these topics under the id {node}, and two nodes with one id are refused; if this database"
    " replaces that one, say `langqiao snapshot --take-over`"
)
COPY = (
    "a copy of this database goes on writing these topics under the id {node}, and two nodes with one id are refused;"
    " end that one, and say `langqiao snapshot --take-over` here"
)


@dataclass(slots=True)
class Outcome:
    """What came of sending: changes acknowledged, and by id those refused, with a reason; topics that got messages, and
    topics that are not as we left them."""

    sent: list[Change] = field(default_factory=list)
    refused: dict[int, str] = field(default_factory=dict)
    touched: set[str] = field(default_factory=set)
    surprises: set[str] = field(default_factory=set)


class Sender:
    """Sends what waits in the outbox, and knows how far the broker has acknowledged it."""

    def __init__(
        self, database: Database, feeds: Sequence[Feed], broker: Broker, settings: Settings, pace: Pace
    ) -> None:
        self._database = database
        self._pace = pace
        self._feeds = {one.dataset: one for one in feeds}
        self._topics = {topic: count for one in feeds for topic, count in one.topics.items()}
        self._of_topic = {topic: one.dataset for one in feeds for topic in one.topics}
        self._broker = broker
        self._settings = settings
        self._batch, self._limit = settings.relay_batch, settings.outbox_limit
        self._majors = majors_of(feeds)
        self._keys = keys_of(feeds)
        self._positions = Positions({})
        self._writers = Writers(feeds, broker)
        #: The last number of each feed as far as we know; that the database knows no less is how we trust it.
        self._given: dict[str, int] = {}

    async def begin(self, lease: Lease) -> None:
        """Have the topics, and compare what the broker holds with what it acknowledged; what it lost waits to be sent
        again. Where it holds what we never numbered, our database went back. Raises CannotPublish."""
        await self._know_keys(lease)
        await self._broker.prepare(self._topics)
        names = [POSITION + topic for topic in self._topics]
        self._positions = Positions(await self._database.read(state.get_all, names))
        tails = await self._broker.tails(self._topics, self._positions.last_offsets)
        self._given = {one: await self._database.read(outbox.last_number, one) for one in self._feeds}
        if not await self._taken_over(lease, tails):
            if ahead := self._ahead(tails):
                await self._go_on_behind(lease, ahead)
            else:
                await self._compare(lease, tails)
        await self._claim(lease)

    async def _know_keys(self, lease: Lease) -> None:
        """Raises CannotPublish where the file lacks the key that names."""
        stand = await lease.write(naming.begin, self._keys.oldest.fingerprint)
        self._keys.follow(stand.turns, stand.epoch)
        if self._keys.lost:
            raise CannotPublish(NAMELESS)

    async def _taken_over(self, lease: Lease, tails: Mapping[Place, Tail]) -> bool:
        """Whether ours takes these topics over from another database that writes them, or from a copy of it, because a
        person lets it. Raises CannotPublish where nobody does."""
        own = await lease.write(incarnation.own)
        allowed = await self._database.read(incarnation.may_take_over)
        if allowed is not None and allowed >= own.since:
            own = await lease.write(incarnation.taking_over)
        await self._writers.look(tails)
        strangers, ahead = self._writers.strangers(own), self._ahead(tails)
        if allowed is None:
            if strangers:
                raise CannotPublish(STRANGER.format(node=self._settings.node_id))
        elif strangers or ahead:
            await self._begin_epoch(lease, ahead, "another database takes over")
            return True
        else:
            await lease.write(incarnation.nobody_met)
        return False

    async def _go_on_behind(self, lease: Lease, ahead: Mapping[str, int]) -> None:
        """In a new epoch; raises CannotPublish where that was to end it lately, and did not."""
        if await self._database.read(incarnation.behind_lately):
            raise CannotPublish(COPY.format(node=self._settings.node_id))
        behind = await self._database.read(incarnation.behind)
        await self._begin_epoch(lease, ahead, "the database is older than its topics", behind)

    async def _claim(self, lease: Lease) -> None:
        """Be the database that each control topic names."""
        own, epoch = await lease.write(incarnation.own), await self._database.read(telling.epoch)
        messages = self._writers.claims(own, epoch, self._given)
        if messages:
            lease.check()
            self._positions.acknowledged(messages, await self._broker.publish(messages))
            await lease.write(state.put, self._positions.facts({one.topic for one in messages}))

    async def _compare(self, lease: Lease, tails: Mapping[Place, Tail]) -> None:
        """What the broker lost waits to be sent again."""
        unsent = {one: await self._database.read(outbox.unsent_numbers, one) for one in self._feeds}
        wrong = self._positions.compared(tails, lambda topic: unsent[self._of_topic[topic]])
        gone = [one for one in wrong if all(tails[one, part].end == 0 for part in range(self._topics[one]))]
        if gone and all(tail.end == 0 for tail in tails.values()):
            # Nothing tells whether the database is as old as what they had: it may have been restored with them.
            await self._begin_epoch(lease, {}, "the broker had lost all topics")
            return
        for topic in gone:
            # All of it is gone, and the outbox keeps only the last while.
            await lease.write(snapshot.want, self._of_topic[topic], LOST)
        await self._settle(lease, Outcome(surprises=wrong))

    def _ahead(self, tails: Mapping[Place, Tail]) -> dict[str, int]:
        """Datasets whose topics bear numbers that we have not given, with the newest."""
        newest: dict[str, int] = {}
        for (topic, _), tail in tails.items():
            dataset = self._of_topic[topic]
            newest[dataset] = max(newest.get(dataset, 0), tail.newest)
        return {dataset: number for dataset, number in newest.items() if number > self._given[dataset]}

    async def _begin_epoch(
        self, lease: Lease, ahead: Mapping[str, int], reason: str, facts: Mapping[str, str] | None = None
    ) -> None:
        _log.error("%s: a new epoch begins, and every record is told anew", reason)
        self._positions = Positions({})
        self._given |= ahead
        forgotten = self._positions.facts(self._topics) | dict(facts or {})
        above = self._writers.epoch
        await lease.write(epochs.begin, self._majors, reason, ahead, forgotten, above=above)

    async def round(self, lease: Lease) -> bool:
        """Send what waits, at most a batch; whether anything did. Raises CannotPublish, LeaseLost, DatabaseAway,
        WentBack: then what was not marked is sent again, under the same numbers and in the same bytes."""
        changes, stand = await self._database.read(publishing.waiting, self._batch)
        if not changes:
            return False
        self._keys.follow(stand.turns, stand.epoch)
        if await set_aside(lease, self._database, changes, self._settings):
            return True
        self._pace.met(changes)
        changes = in_turn(changes, self._pace.records)
        decided = await decide(changes, self._feeds, stand.epoch, self._database.dialect.name)
        numbers = await self._make_ready(lease, changes, decided.round)
        outcome = await self._publish(lease, decided.publications, numbers)
        await self._settle(lease, outcome)
        if outcome.surprises:
            # What happened to these topics may have happened to others.
            await self.begin(lease)
        return True

    async def _make_ready(self, lease: Lease, changes: Sequence[Change], made: Round) -> dict[int, int]:
        """The number of every change that has events."""
        numbers = {one.id: one.sequence for one in changes if one.sequence is not None}
        if made != Round():
            fresh = await lease.write(publishing.make_ready, made, self._given, self._limit)
            for change, _ in made.numbered:
                self._given[change.dataset] = max(self._given[change.dataset], fresh[change.id])
            numbers |= fresh
        if made.aside:
            _warn("this relay cannot publish", made.aside)
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
            record = one.change.record
            try:
                if record in stuck:
                    raise Refused({one.change.id: BEHIND})
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
            if place % BREATH == 0:
                await asyncio.sleep(0)
            messages += one.messages(numbers[one.change.id])
        if messages:
            lease.check()
            acks = await self._broker.publish(messages)
            outcome.surprises |= self._positions.acknowledged(messages, acks)
            outcome.touched |= {one.topic for one in messages}
        outcome.sent += [one.change for one in publications]

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
            await _send_again(lease, lost)
            # What was just sent of these goes again with all else, in its order.
            sent = [one.id for one in outcome.sent if one.dataset not in lost]
            await lease.write(publishing.settle, sent, outcome.refused, facts, lost, self._limit)


async def _send_again(lease: Lease, datasets: Collection[str]) -> None:
    """Have all that the outbox keeps of some datasets count as unsent. Nothing is sent before that is done, nor by who
    takes over: what was known of these topics stands until then, and says the same to whoever compares."""
    for dataset in datasets:
        before = await lease.write(outbox.send_again, dataset, None, _CHUNK)
        while before is not None:
            before = await lease.write(outbox.send_again, dataset, before, _CHUNK)


def _warn(what: str, parked: Mapping[int, str]) -> None:
    _log.error("%s %d changes, which wait: %s", what, len(parked), ", ".join(sorted(set(parked.values()))))
