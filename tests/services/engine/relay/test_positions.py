"""What a partition's end tells the relay, case by case."""

from dataclasses import dataclass

import pytest

from services.engine.relay.broker import Ack, Seen, Tail
from services.engine.relay.positions import POSITION, Positions
from services.engine.relay.projection import Message

TOPIC = "dev.330203.workshop.tools.v1.public"
PLACE = (TOPIC, 0)


@dataclass(frozen=True)
class Case:
    """Our last message there was `five`, at offset 5, number 5; numbers 6 and 7 may have arrived unacknowledged."""

    what: str
    tail: Tail
    right: bool


OURS = Seen(5, "five", 5)
CASES = (
    Case("as we left it", Tail(6, (OURS,), 0), True),
    Case("our last message taken by compaction", Tail(6, (), 0), True),
    Case(
        "what we sent and were not told of", Tail(8, (OURS, Seen(6, "six", 6), Seen(7, "seven", 7)), 0), True
    ),
    Case("the last message lost", Tail(5, (), 0), False),
    Case("all lost", Tail(0, (), 0), False),
    Case("lost, and others since in its place", Tail(6, (Seen(5, "other", 9),), 0), False),
    Case("a relay that should have stopped wrote behind us", Tail(7, (OURS, Seen(6, "three", 3)), 0), False),
    Case("something that is no event behind us", Tail(7, (OURS, Seen(6, "", 0)), 0), False),
    Case("too much behind us to look at", Tail(9_000, None, 0), False),
)


def known() -> Positions:
    return Positions({POSITION + TOPIC: '{"0": [5, "five"]}'})


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.what)
def test_an_end_is_right_or_not(case: Case) -> None:
    wrong = known().compared({PLACE: case.tail}, lambda topic: {6, 7})
    assert wrong == (set() if case.right else {TOPIC})


def test_a_partition_that_we_know_nothing_of_is_taken_as_it_is() -> None:
    assert Positions({}).compared({PLACE: Tail(17, (), 0)}, lambda topic: set()) == set()


@pytest.mark.parametrize(("offset", "surprised"), [(6, False), (7, True), (4, True), (None, False)])
def test_an_acknowledgement_is_behind_the_last_or_a_surprise(offset: int | None, surprised: bool) -> None:
    positions = known()
    positions.compared({PLACE: Tail(6, (OURS,), 0)}, lambda topic: set())
    surprises = positions.acknowledged([_message("six")], [Ack(PLACE, offset)])
    assert surprises == ({TOPIC} if surprised else set())


def test_what_is_kept_is_what_is_read() -> None:
    positions = Positions({})
    positions.acknowledged([_message("one"), _message("two")], [Ack(PLACE, 0), Ack((TOPIC, 2), 4)])
    again = Positions(positions.facts([TOPIC]))
    assert again.last_offsets == {PLACE: 0, (TOPIC, 2): 4}
    again.forget([TOPIC])
    assert again.last_offsets == {}


def _message(event_id: str) -> Message:
    return Message(TOPIC, b"key", b"{}", [], event_id, 1)
