"""Turns: a writer's change goes before what a snapshot reads anew, and never before what it follows on."""

import pytest
from hypothesis import given
from hypothesis import strategies as some

from services.engine.capture.outbox import Change
from services.engine.capture.tables import CONTROL, CREATED, DELETED, SNAPSHOT, UPDATED
from services.engine.relay.turns import Pace, in_turn

_READ_ANEW = (SNAPSHOT, CONTROL)


def _change(number: int, op: str, key: str, *, numbered: bool = False) -> Change:
    return Change(number, "city.tools", key, 1, number, op, "{}", "", number if numbered else None)


waiting = some.lists(
    some.tuples(
        some.sampled_from((CREATED, UPDATED, DELETED, *_READ_ANEW)), some.sampled_from("abc"), some.booleans()
    ),
    max_size=120,
).map(lambda all_: [_change(at, op, key, numbered=known) for at, (op, key, known) in enumerate(all_, 1)])


@given(waiting)
def test_the_order_of_each_record_stays(changes: list[Change]) -> None:
    # What has its number was numbered before all that has none.
    changes.sort(key=lambda one: (one.sequence is None, one.id))
    taken = in_turn(changes, 200)
    for key in "abc":
        mine = [one.id for one in taken if one.raw_key == key]
        assert mine == [one.id for one in changes if one.raw_key == key][: len(mine)]


@given(waiting)
def test_nothing_that_may_go_at_once_is_left_for_the_next_round(changes: list[Change]) -> None:
    left = {one.id for one in changes} - {one.id for one in in_turn(changes, 200)}
    for one in changes:
        if one.id in left:
            assert one.sequence is None
            assert any(
                other.op in _READ_ANEW and other.record == one.record and other.id <= one.id
                for other in changes
            )


def test_a_fresh_change_overtakes_a_snapshot() -> None:
    snapshot = [_change(number, SNAPSHOT, f"t{number}") for number in range(1, 201)]
    fresh = _change(201, UPDATED, "another")
    taken = in_turn([*snapshot, fresh], 50)
    assert taken[0] == fresh
    assert 1 < len(taken) < 201


def test_a_fresh_change_of_a_record_follows_its_snapshot() -> None:
    read, fresh = _change(1, SNAPSHOT, "t1"), _change(2, UPDATED, "t1")
    assert in_turn([read, fresh], 50) == [read, fresh]


def test_word_of_a_snapshots_end_comes_after_its_records() -> None:
    read, end = _change(1, SNAPSHOT, "t1"), _change(2, CONTROL, "snapshot-completed")
    fresh = _change(3, CREATED, "t2")
    assert in_turn([read, end, fresh], 50) == [fresh, read, end]


@pytest.mark.parametrize("one_writer", [False, True])
def test_a_snapshot_goes_faster_the_longer_no_writer_writes(one_writer: bool) -> None:
    pace = Pace(one_writer)
    slow = pace.records
    read = [_change(1, SNAPSHOT, "t1")]
    for _ in range(9):
        pace.met(read)
    assert pace.records > slow
    # Where writers wait for one another there is always a rest for them.
    assert pace.restless is not one_writer
    pace.met([*read, _change(2, UPDATED, "t2")])
    assert (pace.records, pace.restless) == (slow, False)


def test_what_is_sent_again_is_no_writers() -> None:
    pace = Pace(one_writer=True)
    slow = pace.records
    pace.met([_change(1, UPDATED, "t1", numbered=True)])
    assert pace.records > slow
