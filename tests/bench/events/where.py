"""Where the time goes: of a change on its way, of the relay, of capture; tables, and sentences that the figures write;
shown by `page`."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields
from itertools import pairwise
from typing import TypeVar

from services.engine.settings import Settings
from tests.bench.events.ladder import NONE, OURS
from tests.bench.events.measures import Delays, Drained, Inserts
from tests.bench.events.round_trip import RoundTrip
from tests.bench.events.spent import Parts, Spent
from tests.bench.events.stages import Stage
from tests.bench.page import table

T = TypeVar("T")

_PARTS = {
    "behind": "a round was under way that had begun before its commit",
    "looking": "until the relay looked, every {poll} ms",
    "making": "its own round until that began to send",
    "bringing": "from then on: broker and subscriber",
}
_WRITERS = 8
_ALL, _PROCESS = "all of them", "the relay's process"
_CHORES, _DRIVERS = "beside: chores, lease, comparisons", "beside: drivers and event loop"


def of_a_change(delays: Delays, plain: RoundTrip | None) -> list[str]:
    """The way from commit to consumer, part by part, beside what the broker takes by itself."""
    assert delays.way is not None
    middle, slow = delays.way
    head = (
        f"on the way at {delays.asked} changes/s",
        "ms around p50",
        "of all",
        "ms around p99",
        "of all",
    )
    names = _part_names()
    rows = [
        (name, *_share(getattr(middle, part), middle.whole), *_share(getattr(slow, part), slow.whole))
        for part, name in names.items()
    ]
    rows.append(("the whole way", *_share(middle.whole, middle.whole), *_share(slow.whole, slow.whole)))
    if plain is not None:
        floor = "a plain producer and subscriber on the same broker"
        rows.append((floor, f"{plain.seen:.1f}", "", f"{plain.seen_p99:.1f}", ""))
    return [*table(head, rows, words=1), "", *_said_of_a_change(middle, slow, plain)]


def _said_of_a_change(middle: Parts, slow: Parts, plain: RoundTrip | None) -> list[str]:
    names = _part_names()
    said = []
    for place, way in (("p50", middle), ("p99", slow)):
        part, taken = largest({field.name: getattr(way, field.name) for field in fields(way)})
        said.append(
            f"Around {place} most of a change's {way.whole:.1f} ms is {_of(taken, way.whole, 'ms')}: {names[part]}."
        )
    if plain is not None:
        said.append(
            f"The plain producer has its acknowledgement after {plain.acknowledged:.1f} ms (p50):"
            f" as long as {plain.acknowledged / middle.whole:.0%} of the way around p50."
        )
    return said


def of_the_relay(steady: Delays, drained: Drained) -> list[str]:
    """Its stages at a steady rate and while a backlog is drained."""
    assert steady.spent is not None
    assert drained.spent is not None
    one, two = steady.spent, drained.spent
    figures = ("of all", "CPU s")
    at_rate = (f"{steady.asked} changes/s: s", *figures, "ms a round")
    head = ("stage of the relay", *at_rate, "the backlog: s", *figures, "ms a change")
    rows = [
        (name, *_stage_cells(one, name, one.rounds), *_stage_cells(two, name, two.changes))
        for name in _stage_names(one)
    ]
    return [
        *table(head, rows, words=1),
        "",
        _said_of_rounds(f"At {steady.asked} changes/s", one),
        _said_of_rounds("While it drains the backlog", two),
    ]


def _stage_names(one: Spent) -> list[str]:
    """First those that have time of their own, then what only used CPU."""
    return [*map(str, Stage), _ALL, _CHORES, _DRIVERS, _PROCESS, *one.others]


def _stage_cells(one: Spent, name: str, times: int) -> tuple[str, ...]:
    """Its time, how much that is of all, its CPU, and its milliseconds for each of so many rounds or changes."""
    wall: dict[str, float] = {**one.wall, _ALL: one.seconds}
    worked: dict[str, float] = {**one.cpu, _ALL: sum(one.cpu.values()), **one.others}
    worked |= {_CHORES: one.beside, _DRIVERS: one.drivers, _PROCESS: one.process}
    cpu = f"{worked[name]:.2f}"
    if name not in wall:
        return "", "", cpu, ""
    return (
        f"{wall[name]:.2f}",
        _part_of(wall[name], one.seconds),
        cpu,
        f"{wall[name] * 1e3 / times:.2f}",
    )


def _said_of_rounds(when: str, one: Spent) -> str:
    """What takes most, of the time in which it does not rest, and whether its process has CPU to spare."""
    busy = {stage: taken for stage, taken in one.wall.items() if stage not in (Stage.RESTING, Stage.LOOKING)}
    stage, taken = largest(busy)
    worked = _part_of(one.cpu[stage], taken)
    return (
        f"{when} a round takes {one.changes / one.rounds:.1f} changes, and most of the time in which the relay does"
        f" not rest goes to {stage}: {_of(taken, sum(busy.values()), 's')}, {worked} of it on the CPU. Its process is"
        f" on the CPU for {_part_of(one.process, one.seconds)} of the time, of one core."
    )


def of_capture(rungs: Sequence[Inserts]) -> list[str]:
    """Inserts under triggers that do more and more of what ours does."""
    head = (
        "what a trigger does",
        "single/s",
        "of none",
        "µs a row",
        "log B a row",
        "500 a statement: rows/s",
        "of none",
        "µs a row",
        "log B a row",
    )
    none = rungs[0]
    rows = [
        (
            one.capture,
            *_rate(one.single, none.single, _WRITERS, one.single_wal),
            *_rate(one.statements, none.statements, 1, one.statements_wal),
        )
        for one in rungs
    ]
    return [
        *table(head, rows, words=1),
        "",
        _said_of_capture("a single insert", rungs, lambda one: _microseconds(one.single, _WRITERS)),
        _said_of_capture("a row of 500", rungs, lambda one: _microseconds(one.statements, 1)),
    ]


def _said_of_capture(what: str, rungs: Sequence[Inserts], cost: Callable[[Inserts], float]) -> str:
    """Which step up from one line to the next costs most."""
    steps = {above.capture: cost(above) - cost(below) for below, above in pairwise(rungs)}
    by_name = {one.capture: cost(one) for one in rungs}
    whole = by_name[OURS] - by_name[NONE]
    step, taken = largest(steps)
    return (
        f"Capture adds {whole:.1f} µs to {what}; the step that costs most, {_of(taken, whole, 'µs')}, leads to the line"
        f' "{step}".'
    )


def largest(taken: Mapping[T, float]) -> tuple[T, float]:
    """What took most, and how much."""
    return max(taken.items(), key=lambda one: one[1])


def _part_names() -> dict[str, str]:
    poll = Settings.model_fields["relay_poll_ms"].default
    return {part: name.format(poll=poll) for part, name in _PARTS.items()}


def _rate(rate: float, none: float, writers: int, log: float) -> tuple[str, ...]:
    return f"{rate:,.0f}", f"{rate / none:.0%}", f"{_microseconds(rate, writers):.1f}", f"{log:,.0f}"


def _microseconds(rate: float, writers: int) -> float:
    """A row's, in the time of the writer who inserts it."""
    return writers * 1e6 / rate


def _share(taken: float, whole: float) -> tuple[str, str]:
    return f"{taken:.1f}", _part_of(taken, whole)


def _of(taken: float, whole: float, unit: str) -> str:
    return f"{taken:.1f} {unit} ({_part_of(taken, whole)})"


def _part_of(taken: float, whole: float) -> str:
    return f"{taken / whole:.0%}" if whole else ""
