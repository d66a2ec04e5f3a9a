"""Reconciliation: a dataset's table against its record topics, by count and hash, and by record where these differ; run
by the relay, by itself and after a new epoch, and by `langqiao reconcile`."""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from time import monotonic

from services.engine.capture import clock, fit, reconciling
from services.engine.capture.database import Database
from services.engine.capture.naming import UNREADABLE
from services.engine.capture.reconciling import Stand
from services.engine.relay.broker import Kept, Place, Topics
from services.engine.relay.feeds import Feed
from services.engine.relay.folding import CHUNKS, GONE, Entry, Fold, chunk_of
from services.engine.relay.reconciled import DIFFERING, MISSING, UNKNOWN, Finding, Outcome, Side
from services.engine.relay.walking import channels_of

#: Rows read from the table at a time, and records looked at again: short statements.
_PAGE, _LOOK = 200, 500
#: Rows projected at a stretch, before whatever else is due, such as a batch to send, gets its turn.
_BREATH = 8
#: Entries held at a time of what differs, and findings by record: beyond these, everything is to be told anew.
_MOST_HELD, _MOST_NAMED = 100_000, 10_000
#: Between looks at what is on its way, in seconds.
_FIRST_PAUSE, _LONGEST_PAUSE = 0.1, 2.0
#: The digest of a row that cannot be told; no event has it.
_UNTELLABLE = "?"


class CannotCompare(Exception):
    """The table cannot be read as its mapping says; says why."""


@dataclass(slots=True)
class _Suspect:
    """A record that seems to differ on one topic; `entry` is the topic's."""

    subject: str
    raw_key: str | None
    side: Side
    entry: Entry | None


class Comparison:
    """Writers go on meanwhile, so what differs at first is only suspected, and looked at again until nothing of it is
    on its way to the topic: what then differs is found. Runs once. Holds a few dozen bytes of each record of one
    partition, and of those that differ."""

    def __init__(self, database: Database, feed: Feed, topics: Topics, patience: float) -> None:
        """`patience`: how long to wait for what is on its way, in seconds."""
        self._database, self._feed, self._topics = database, feed, topics
        self._patience = patience
        self._channels = channels_of(feed, database.dialect.name)
        self._untellable = dict.fromkeys(self._channels.places, _UNTELLABLE)
        self._outcome = Outcome(feed.dataset, "")
        self._sides = self._outcome.sides = [
            Side(major.mapping.contract.major, major.mapping.contract.partitions, channel)
            for major in feed.majors
            for channel in major.channels
            if channel.watched
        ]

    async def run(self) -> Outcome:
        """Raises CannotCompare, CannotPublish, DatabaseAway."""
        await self._begin()
        await self._fold_topics()
        await self._count_table()
        for chunks in self._portions():
            suspects, offsets = await self._suspects(chunks)
            await self._settle(suspects, offsets)
            if len(self._outcome.findings) >= _MOST_NAMED:
                self._outcome.more = True
                break
        return self._outcome

    async def _begin(self) -> None:
        self._outcome.started_at = await self._database.read(clock.read_now)
        mappings = [major.mapping for major in self._feed.majors]
        for misfit in (await self._database.read(fit.stale, mappings)).values():
            raise CannotCompare(f"{self._feed.dataset}: {misfit.reason}")

    async def _fold_topics(self) -> None:
        """Some partitions at a time, of which only counts and hashes stay."""
        ends = await self._ends(self._sides)
        for side in self._sides:
            side.offsets = [ends[side.topic, one] for one in range(side.partitions)]
        for spans in _together({place: (0, end) for place, end in ends.items()}):
            folds = {topic: Fold() for topic, _ in spans}
            await self._topics.read(spans, _into(folds))
            for side in self._sides:
                if side.topic in folds:
                    self._count(side, folds[side.topic])

    def _count(self, side: Side, fold: Fold) -> None:
        for subject, entry in fold.live():
            side.on_topic.add(subject, entry.digest)
        self._outcome.epoch = max(self._outcome.epoch, fold.epoch)
        self._outcome.number = max(self._outcome.number, fold.number)

    async def _ends(self, sides: Iterable[Side]) -> dict[Place, int]:
        return await self._topics.ends({side.topic: side.partitions for side in sides})

    async def _count_table(self) -> None:
        async for _, subject, digests in self._rows(range(CHUNKS)):
            self._outcome.records += 1
            for side in self._sides:
                side.in_table.add(subject, digests[side.channel.label])

    def _portions(self) -> Iterator[set[int]]:
        """The chunks that differ anywhere, as many at a time as can be held."""
        portion: set[int] = set()
        held = 0
        for chunk in sorted(set().union(*(side.differing for side in self._sides))):
            size = sum(one.on_topic.counts[chunk] + one.in_table.counts[chunk] for one in self._sides)
            if portion and held + size > _MOST_HELD:
                yield portion
                portion, held = set(), 0
            portion.add(chunk)
            held += size
        if portion:
            yield portion

    async def _suspects(self, chunks: set[int]) -> tuple[list[_Suspect], dict[Place, int]]:
        """Records of these chunks that differ, and up to where the topics were read."""
        sides = [side for side in self._sides if side.differing & chunks]
        ends = await self._ends(sides)
        wrong = {side.topic: side.differing & chunks for side in sides}
        folds = {topic: Fold(_within(some)) for topic, some in wrong.items()}
        await self._topics.read({place: (0, end) for place, end in ends.items()}, _into(folds))
        suspects = []
        async for raw_key, subject, digests in self._rows(chunks):
            for side in sides:
                if chunk_of(subject) in wrong[side.topic]:
                    entry = folds[side.topic].entries.pop(subject, None)
                    if entry is None or entry.digest != digests[side.channel.label]:
                        suspects.append(_Suspect(subject, raw_key, side, entry))
        suspects += [
            _Suspect(subject, None, side, entry)
            for side in sides
            for subject, entry in folds[side.topic].live()
        ]
        return suspects, ends

    async def _settle(self, suspects: list[_Suspect], offsets: dict[Place, int]) -> None:
        """Look at them again until each is alike, found to differ, or still on its way when we have waited enough."""
        until, pause = monotonic() + self._patience, _FIRST_PAUSE
        moving: set[str] = set()
        while suspects:
            before = await self._look(suspects)
            offsets = await self._read_on(suspects, offsets)
            after = await self._look(suspects)
            suspects = list(self._moving(suspects, before, after))
            over = monotonic() >= until
            moving |= {one.subject for one in suspects if over or after[one.subject].aside}
            suspects = [one for one in suspects if one.subject not in moving]
            if suspects:
                await asyncio.sleep(pause)
                pause = min(2 * pause, _LONGEST_PAUSE)
        self._outcome.moving += len(moving)

    def _moving(
        self, suspects: Iterable[_Suspect], before: Mapping[str, Stand], after: Mapping[str, Stand]
    ) -> Iterator[_Suspect]:
        """Those that must be looked at again; what differs of the others is found. The topic was read between the two
        looks: where nothing was on its way at either, and the version stands, it should have told all."""
        for one in suspects:
            stand = after[one.subject]
            if stand.moving or before[one.subject].moving or before[one.subject].order != stand.order:
                yield one
            elif (what := self._difference(one, stand)) is not None:
                order = one.entry.order if one.entry is not None else (0, 0)
                self._outcome.findings.append(
                    Finding(one.subject, one.side.topic, what, stand.raw_key, order)
                )

    def _difference(self, suspect: _Suspect, stand: Stand) -> str | None:
        entry = suspect.entry
        shown = GONE if entry is None else entry.digest
        expected = GONE
        if stand.row is not None:
            expected = self._digests(stand.row)[suspect.side.channel.label]
        if shown != expected:
            return MISSING if shown == GONE else UNKNOWN if expected == GONE else DIFFERING
        # A subscriber would pass over what comes next.
        return DIFFERING if entry is not None and stand.raw_key and entry.order > stand.order else None

    async def _look(self, suspects: list[_Suspect]) -> dict[str, Stand]:
        wanted = {one.subject: one.raw_key for one in suspects}
        wanted |= {one.subject: one.raw_key for one in suspects if one.raw_key is not None}
        found: dict[str, Stand] = {}
        for some in _portions_of(wanted, _LOOK):
            found |= await self._database.read(reconciling.look, self._database.dialect, self._channels, some)
        return found

    async def _read_on(self, suspects: list[_Suspect], offsets: dict[Place, int]) -> dict[Place, int]:
        """What the topics have got since of the suspects; up to where they are read now."""
        ends = await self._ends(one.side for one in suspects)
        known: dict[str, dict[str, _Suspect]] = defaultdict(dict)
        for one in suspects:
            known[one.side.topic][one.subject] = one
        folds = {topic: Fold(mine.__contains__) for topic, mine in known.items()}
        for topic, mine in known.items():
            entries = {subject: one.entry for subject, one in mine.items() if one.entry is not None}
            folds[topic].entries |= entries
        await self._topics.read({place: (offsets[place], end) for place, end in ends.items()}, _into(folds))
        for one in suspects:
            one.entry = folds[one.side.topic].entries.get(one.subject)
        return ends

    async def _rows(self, chunks: Container[int]) -> AsyncIterator[tuple[str, str, Mapping[str, str]]]:
        """Raw key, record id, and digests by channel label, of every row of the table that is a record in a chunk."""
        after: str | None = None
        dialect, captured = self._database.dialect, self._feed.captured
        while True:
            rows, after = await self._database.read(reconciling.page, dialect, captured, after, _PAGE)
            for place, (raw_key, row) in enumerate(rows.items()):
                if place % _BREATH == 0:
                    await asyncio.sleep(0)
                subject = self._feed.namer(raw_key)
                if subject != UNREADABLE and chunk_of(subject) in chunks:
                    yield raw_key, subject, self._digests(row)
            if after is None:
                return

    def _digests(self, row: str) -> Mapping[str, str]:
        """By channel label, as `Entry` has them."""
        seen = self._channels.look(row)
        # What cannot be told is parked, or was never told of.
        return self._untellable if seen is None else {one.label: one.told for one in seen}


def _within(chunks: set[int]) -> Callable[[str], bool]:
    return lambda subject: chunk_of(subject) in chunks


def _into(folds: Mapping[str, Fold]) -> Callable[[Sequence[Kept]], None]:
    return lambda messages: folds[messages[0].place[0]].take(messages)


def _together(spans: Mapping[Place, tuple[int, int]]) -> Iterator[dict[Place, tuple[int, int]]]:
    """As many partitions as can be held at a time, at least one."""
    some: dict[Place, tuple[int, int]] = {}
    held = 0
    for place, (start, end) in spans.items():
        if some and held + end - start > _MOST_HELD:
            yield some
            some, held = {}, 0
        some[place] = (start, end)
        held += end - start
    yield some


def _portions_of(wanted: Mapping[str, str | None], size: int) -> Iterator[dict[str, str | None]]:
    pairs = list(wanted.items())
    return (dict(pairs[start : start + size]) for start in range(0, len(pairs), size))
