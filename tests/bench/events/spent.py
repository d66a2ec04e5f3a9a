"""What a watch on the relay's stages has noted, summed up: seconds by stage, and by part of a change's way; used by
`measures` and shown by `where`. Pure but for the reading of the watch's file."""

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path

import orjson

from tests.bench.events.stages import Stage


@dataclass(frozen=True, slots=True)
class Period:
    """A round, or what lay between two, as `stages` notes it; all in ns, `published` when it first began to send."""

    since: int
    until: int
    is_round: bool
    changes: int
    published: int | None
    wall: Mapping[str, int]
    cpu: Mapping[str, int]
    beside: int
    process: int


@dataclass(frozen=True)
class Spent:
    """Seconds of the task that sends, and CPU-seconds of it, by stage; CPU-seconds of the chores, the lease and the
    comparisons `beside`, of the process's drivers and event loop, and of other processes by name."""

    rounds: int
    changes: int
    wall: Mapping[str, float]
    cpu: Mapping[str, float]
    beside: float
    drivers: float
    others: Mapping[str, float]

    @property
    def seconds(self) -> float:
        """All of its time: no moment belongs to no stage."""
        return sum(self.wall.values())

    @property
    def process(self) -> float:
        """CPU-seconds of the relay's process."""
        return sum(self.cpu.values()) + self.beside + self.drivers


@dataclass(frozen=True)
class Parts:
    """The way of a change from commit to consumer, in milliseconds: while a round was under way that had begun before
    it, until the relay looked, in its own round until that began to send, and from there on."""

    behind: float
    looking: float
    making: float
    bringing: float

    @property
    def whole(self) -> float:
        return self.behind + self.looking + self.making + self.bringing


def read(lines: Path) -> list[Period]:
    """Whole lines; the last may be half written."""
    whole = lines.read_bytes().rpartition(b"\n")[0].splitlines()
    return [Period(**orjson.loads(one)) for one in whole]


def spent(periods: Iterable[Period], first: int, last: int, others: Mapping[str, float]) -> Spent:
    """Of the time between two moments: from the round on that was under way at the first one, or else what came next,
    to the end of what was under way at the last."""
    mine = [
        one
        for one in periods
        if one.since < last and one.until > first and (one.is_round or one.since >= first)
    ]
    wall: Counter[str] = Counter()
    cpu: Counter[str] = Counter()
    for one in mine:
        wall.update(one.wall)
        cpu.update(one.cpu)
    beside = sum(one.beside for one in mine)
    return Spent(
        sum(one.is_round for one in mine),
        sum(one.changes for one in mine),
        {stage: wall[stage] / 1e9 for stage in Stage},
        {stage: cpu[stage] / 1e9 for stage in Stage},
        beside / 1e9,
        max(sum(one.process for one in mine) - beside - cpu.total(), 0) / 1e9,
        others,
    )


def ways(periods: Iterable[Period], moments: Iterable[tuple[int, int]]) -> list[Parts]:
    """Of changes by the moments of commit and arrival, the fastest first."""
    rounds = [one for one in periods if one.is_round and one.published is not None]
    begun = [one.since for one in rounds]
    found = [_way(rounds, begun, committed, seen) for committed, seen in moments]
    return sorted((one for one in found if one is not None), key=lambda one: one.whole)


def _way(rounds: Sequence[Period], begun: Sequence[int], committed: int, seen: int) -> Parts | None:
    """None where no round can have brought it."""
    place = min(bisect_left(begun, committed), len(rounds) - 1)
    # The round under way may have read it already, before its writer heard that it was committed.
    while place >= 0 and _published(rounds[place]) > seen:
        place -= 1
    if place < 0:
        return None
    waited = max(begun[place] - committed, 0)
    behind = max(rounds[place - 1].until - committed, 0) if place else 0
    behind = min(behind, waited)
    published = _published(rounds[place])
    made = max(published - max(committed, begun[place]), 0)
    parts = (behind, waited - behind, made, seen - committed - waited - made)
    return Parts(*(one / 1e6 for one in parts))


def _published(one: Period) -> int:
    assert one.published is not None
    return one.published


def around(ordered: Sequence[Parts], part: float, width: float) -> Parts:
    """The mean of the ways around a quantile, `width` of all of them: their sum is about that quantile."""
    middle, half = len(ordered) * part, max(len(ordered) * width / 2, 0.5)
    some = ordered[max(int(middle - half), 0) : max(int(middle + half), 1)] or ordered[-1:]
    return Parts(*(sum(getattr(one, field.name) for one in some) / len(some) for field in fields(Parts)))
