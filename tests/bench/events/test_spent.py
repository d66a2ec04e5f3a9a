"""What the watch has noted is summed up without loss."""

from itertools import accumulate

from hypothesis import given
from hypothesis import strategies as st

from tests.bench.events.spent import Parts, Period, around, spent, ways
from tests.bench.events.stages import Stage


def _period(since: int, until: int, published: int | None = None) -> Period:
    """Half of it on the CPU, and a quarter of that not the sending task's."""
    taken = until - since
    stage = Stage.RESTING if published is None else Stage.PUBLISHING
    wall, cpu = {str(stage): taken}, {str(stage): taken // 2}
    return Period(since, until, published is not None, 7, published, wall, cpu, taken // 8, taken)


_MS = 1_000_000
_PERIODS = [
    _period(0, 10 * _MS),
    _period(10 * _MS, 20 * _MS, published=14 * _MS),
    _period(20 * _MS, 24 * _MS),
    _period(24 * _MS, 40 * _MS, published=30 * _MS),
]


def test_a_change_waits_for_the_round_under_way_then_for_the_look_then_for_its_own_round() -> None:
    [way] = ways(_PERIODS, [(15 * _MS, 33 * _MS)])
    assert way == Parts(behind=5, looking=4, making=6, bringing=3)


def test_a_round_may_bring_what_it_read_before_the_writer_heard_of_its_commit() -> None:
    [way] = ways(_PERIODS, [(11 * _MS, 16 * _MS)])
    assert way == Parts(behind=0, looking=0, making=3, bringing=2)


def test_of_what_no_round_can_have_brought_nothing_is_said() -> None:
    assert ways(_PERIODS, [(1 * _MS, 13 * _MS)]) == []


@given(
    st.lists(st.tuples(*[st.integers(1, 9)] * 3), min_size=1, max_size=6),
    st.integers(0, 60),
    st.integers(0, 60),
)
def test_the_parts_of_a_way_are_none_negative_and_make_all_of_it(
    rounds: list[tuple[int, int, int]], committed: int, taken: int
) -> None:
    ends = accumulate(map(sum, rounds))
    periods = [
        _period(end - making - sending, end, published=end - sending)
        for end, (_, making, sending) in zip(ends, rounds, strict=True)
    ]
    for way in ways(periods, [(committed, committed + taken)]):
        assert min(way.behind, way.looking, way.making, way.bringing) >= 0
        assert round(way.whole * 1e6) == taken


def test_seconds_are_those_from_the_first_round_of_a_measurement_to_its_end_and_add_up() -> None:
    found = spent(_PERIODS, 15 * _MS, 30 * _MS, {"PostgreSQL": 1.0})
    assert (found.rounds, found.changes) == (2, 21)
    assert found.wall[Stage.RESTING] == 0.004
    assert found.wall[Stage.PUBLISHING] == 0.026
    assert round(found.seconds, 6) == 0.030
    assert round(found.process, 6) == 0.030


def test_around_a_quantile_stand_its_neighbours() -> None:
    ordered = [Parts(number, 0, 0, 0) for number in range(100)]
    assert around(ordered, 0.5, 0.1).behind == 49.5
    assert around(ordered, 0.99, 0.01).behind == 98
    assert around(ordered[:1], 0.99, 0.01).behind == 0
