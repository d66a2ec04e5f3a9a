"""The page on events says by how much each budget is met or missed, and its sentences follow the figures."""

from dataclasses import replace

import pytest

from tests.bench.events import page
from tests.bench.events.budgets import DRAINED, P50, Budget
from tests.bench.events.ladder import RUNGS
from tests.bench.events.measures import NO_CAPTURE, Delays, Drained, Inserts
from tests.bench.events.round_trip import RoundTrip
from tests.bench.events.run import Measured, Sizes
from tests.bench.events.sides import Debezium, Langqiao
from tests.bench.events.spent import Parts, Spent
from tests.bench.events.stages import Stage


@pytest.mark.parametrize(
    ("budget", "figure", "said"),
    [
        (P50, 2.0, "met, 1.5 × as good"),
        (P50, 3.0, "met, 1.0 × as good"),
        (P50, 30.0, "missed, 10.0 × worse"),
        (DRAINED, 20_000, "met, 2.0 × as good"),
        (DRAINED, 4_000, "missed, 2.5 × worse"),
        (DRAINED, 0, "missed, nothing came"),
    ],
)
def test_a_figure_is_judged_by_the_factor_between_it_and_its_budget(
    budget: Budget, figure: float, said: str
) -> None:
    assert budget.judged(figure) == said


def _spent(slowest: Stage) -> Spent:
    wall = {stage: 4.0 if stage is slowest else 0.5 for stage in Stage}
    return Spent(10, 200, wall, dict.fromkeys(Stage, 0.25), 0.5, 0.75, {"PostgreSQL": 3.0})


def _inserts(capture: str, single: float, statements: float) -> Inserts:
    return Inserts(capture, single, statements, 300, 250)


def _measured(missing: str = "") -> Measured:
    way = Parts(1, 2, 20, 7), Parts(60, 2, 11, 7)
    ours = Delays(Langqiao.name, 200, 400, 199, 30, 50, 80, 2.5, way, _spent(Stage.PUBLISHING))
    inserts = [
        _inserts(NO_CAPTURE, 5_000, 100_000),
        _inserts(f"{Langqiao.name}, at work", 1_000, 10_000),
        _inserts(f"{Langqiao.name}, at rest", 2_500, 20_000),
        _inserts(NO_CAPTURE, 6_000, 50_000),
        _inserts(f"{Debezium.name}, at rest", 6_000, 25_000),
    ]
    rungs = [_inserts(rung.name, 5_000 - 500 * place, 100_000) for place, rung in enumerate(RUNGS)]
    return Measured(
        Sizes(),
        [ours, replace(ours, side=Debezium.name, p50=6, way=None, spent=None)],
        [Drained(Langqiao.name, 20_000, 2_000, 0.6, _spent(Stage.RENDERING))],
        inserts,
        rungs,
        RoundTrip(1_000, 1.5, 3, 9),
        missing,
    )


def _row(lines: list[str], begins: str) -> list[str]:
    [line] = [one for one in lines if one.startswith(f"| {begins} |")]
    return [cell.strip() for cell in line.strip("|").split("|")]


def test_each_budget_stands_beside_what_both_sides_reached() -> None:
    lines = page.lines(_measured())
    assert _row(lines, P50.what)[1:] == [
        "≤ 3.0 ms",
        "30.0 ms",
        "missed, 10.0 × worse",
        "6.0 ms",
        "missed, 2.0 × worse",
    ]
    assert _row(lines, DRAINED.what)[1:] == [
        "≥ 10,000 changes/s",
        "2,000 changes/s",
        "missed, 5.0 × worse",
        "",
        "",
    ]


def test_what_comes_in_under_a_side_is_compared_with_what_came_in_just_before_without_it() -> None:
    lines = page.lines(_measured())
    assert _row(lines, f"{Langqiao.name}, at rest")[1:] == ["2,500", "50%", "20,000", "20%"]
    assert _row(lines, f"{Debezium.name}, at rest")[1:] == ["6,000", "100%", "25,000", "50%"]


def test_the_stages_of_the_relay_add_up_to_its_time() -> None:
    lines = page.lines(_measured())
    assert _row(lines, str(Stage.PUBLISHING))[1:5] == ["4.00", "50%", "0.25", "400.00"]
    assert _row(lines, str(Stage.RENDERING))[5:] == ["4.00", "50%", "0.25", "20.00"]
    whole = sum(float(_row(lines, str(stage))[1]) for stage in Stage)
    assert _row(lines, "all of them")[1:4] == [f"{whole:.2f}", "100%", "2.25"]
    assert _row(lines, "the relay's process")[3] == "3.50"


def test_what_takes_most_is_said_as_the_figures_have_it() -> None:
    text = "\n".join(page.lines(_measured()))
    assert (
        "Around p50 most of a change's 30.0 ms is 20.0 ms (67%): its own round until that began to send."
        in text
    )
    assert "Around p99 most of a change's 80.0 ms is 60.0 ms (75%): a round was under way" in text
    assert "At 200 changes/s a round takes 20.0 changes" in text
    assert f"does not rest goes to {Stage.PUBLISHING}: 4.0 s (57%), 6% of it on the CPU" in text
    assert f"does not rest goes to {Stage.RENDERING}: 4.0 s" in text
    assert "Capture adds 1600.0 µs to a single insert" in text


def test_a_side_that_is_not_here_is_said_to_be_missing() -> None:
    measured = _measured("it is not installed")
    measured.delays = measured.delays[:1]
    text = "\n".join(page.lines(measured))
    assert f"| {Debezium.name} | not run: it is not installed |" in text
