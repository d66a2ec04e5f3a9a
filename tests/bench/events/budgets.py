"""What the events are to reach, and by how much each side does or does not; shown by `page`."""

from collections.abc import Callable, Sequence

from tests.bench.budget import Budget
from tests.bench.events.measures import NO_CAPTURE, Inserts
from tests.bench.events.run import Measured
from tests.bench.events.sides import Debezium, Langqiao

HEAD = ("to be reached", "budget", Langqiao.name, "which is", Debezium.name, "which is")
_RATE = 200


P50 = Budget(f"commit to consumer at {_RATE} changes/s, p50", 3, True, "{:.1f} ms")
P99 = Budget(f"commit to consumer at {_RATE} changes/s, p99", 10, True, "{:.1f} ms")
DRAINED = Budget("a backlog drained by one relay", 10_000, False, "{:,.0f} changes/s")
STRETCH = Budget(
    "the same, of the highest rate at which rows come in under capture (stretch)", 4, False, "{:.2f} ×"
)
SINGLE = Budget("single inserts by 8 writers, of those without capture", 0.8, False, "{:.0%}")
STATEMENTS = Budget("rows by statements of 500, of those without capture", 0.4, False, "{:.0%}")
_AT_WORK = "{}, while a relay works on the same cores"


def rows(measured: Measured) -> list[tuple[str, ...]]:
    """The table's lines, in HEAD's order."""
    found = []
    for budget, figure in _figures():
        cells = [budget.what, budget.said]
        for side in (Langqiao.name, Debezium.name):
            value = figure(measured, side)
            cells += ["", ""] if value is None else [budget.form.format(value), budget.judged(value)]
        found.append(tuple(cells))
    return found


Figure = Callable[[Measured, str], float | None]


def _figures() -> Sequence[tuple[Budget, Figure]]:
    """Every budget, and how its figure is found for a side; None where that was not measured."""
    kept = [(P50, _delay("p50")), (P99, _delay("p99")), (DRAINED, _drained), (STRETCH, _stretch)]
    for budget, name in ((SINGLE, "single"), (STATEMENTS, "statements")):
        at_work = Budget(_AT_WORK.format(budget.what), budget.limit, budget.at_most, budget.form)
        kept += [(budget, _of_none(name, "rest")), (at_work, _of_none(name, "work"))]
    return kept


def _delay(name: str) -> Figure:
    def figure(measured: Measured, side: str) -> float | None:
        found = [one for one in measured.delays if one.side == side and one.asked == _RATE]
        return float(getattr(found[0], name)) if found else None

    return figure


def _drained(measured: Measured, side: str) -> float | None:
    return next((one.per_second for one in measured.drained if one.side == side), None)


def _stretch(measured: Measured, side: str) -> float | None:
    drained, at_rest = _drained(measured, side), _under(measured, side, "rest")
    if drained is None or at_rest is None:
        return None
    return drained / max(at_rest[0].single, at_rest[0].statements)


def _of_none(name: str, state: str) -> Figure:
    def figure(measured: Measured, side: str) -> float | None:
        found = _under(measured, side, state)
        return None if found is None else getattr(found[0], name) / getattr(found[1], name)

    return figure


def _under(measured: Measured, side: str, state: str) -> tuple[Inserts, Inserts] | None:
    """What came in under a side at rest or at work, and without it."""
    return next(
        (two for two in beside_none(measured.inserts) if two[0].capture == f"{side}, at {state}"), None
    )


def beside_none(inserts: Sequence[Inserts]) -> list[tuple[Inserts, Inserts]]:
    """Each measurement with the last one before it that was without capture."""
    found, none = [], inserts[0] if inserts else None
    for one in inserts:
        none = one if one.capture == NO_CAPTURE or none is None else none
        found.append((one, none))
    return found
