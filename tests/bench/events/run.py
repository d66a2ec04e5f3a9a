"""All measurements of events in turn, one side after the other on the same ground; called by `make bench`."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from tests.bench.events import ladder, measures, round_trip
from tests.bench.events.ground import Ground, ground
from tests.bench.events.sides import Debezium, Langqiao, Side

Progress = Callable[[str], None]

_MOST_PLAIN = 1_000
#: A rung is climbed several times, so each time is shorter.
_OF_A_RUNG = 0.4


@dataclass(frozen=True)
class Sizes:
    """How much is measured: rows of the table, changes of each rate, of the backlog, seconds of inserting; of plain
    messages as many as of the first rate, and a thousand at most."""

    rows: int = 20_000
    rates: Sequence[tuple[int, int]] = ((200, 2_000), (1_000, 10_000))
    backlog: int = 20_000
    inserting: float = 5.0
    climbs: int = 3


@dataclass
class Measured:
    """What came of it. `missing` is why the other side was not measured."""

    sizes: Sizes
    delays: list[measures.Delays] = field(default_factory=list)
    drained: list[measures.Drained] = field(default_factory=list)
    inserts: list[measures.Inserts] = field(default_factory=list)
    rungs: list[measures.Inserts] = field(default_factory=list)
    plain: round_trip.RoundTrip | None = None
    missing: str = ""


def measure(sizes: Sizes, progress: Progress) -> Measured:
    """Raises BenchFailed or StartFailed."""
    with ground() as found:
        return asyncio.run(_measure(found, sizes, progress))


def measure_reload(rows: int) -> measures.Reload:
    """The nightly reload of so many rows; raises BenchFailed or StartFailed."""
    with ground() as found:
        return asyncio.run(measures.reload(found, Langqiao(found), rows))


async def _measure(found: Ground, sizes: Sizes, progress: Progress) -> Measured:
    measured = Measured(sizes, missing=Debezium.missing())
    ours = Langqiao(found)
    progress("a plain producer and subscriber")
    per_second, changes = sizes.rates[0]
    measured.plain = await round_trip.measure(found, min(changes, _MOST_PLAIN), per_second)
    seconds = sizes.inserting * _OF_A_RUNG
    measured.rungs = await ladder.climb(found, sizes.rows, seconds, sizes.climbs, progress)
    await _side(found, ours, sizes, measured, progress)
    if not measured.missing:
        await _side(found, Debezium(found), sizes, measured, progress)
    return measured


async def _side(found: Ground, side: Side, sizes: Sizes, measured: Measured, progress: Progress) -> None:
    await found.fill(sizes.rows)
    progress("inserts without capture")
    measured.inserts.append(await measures.inserts(found, measures.NO_CAPTURE, sizes.inserting))
    await found.fill(sizes.rows)
    await side.capture()
    await side.work()
    for per_second, changes in sizes.rates:
        progress(f"{side.name}: {per_second} changes a second")
        measured.delays.append(await measures.delays(found, side, sizes.rows, changes, per_second))
    progress(f"{side.name}: a backlog of {sizes.backlog:,} changes")
    measured.drained.append(await measures.drain(found, side, min(sizes.backlog, sizes.rows)))
    progress(f"{side.name}: what it costs a writer")
    measured.inserts.append(await measures.inserts(found, f"{side.name}, at work", sizes.inserting))
    await side.rest()
    measured.inserts.append(await measures.inserts(found, f"{side.name}, at rest", sizes.inserting))
    await side.end()
