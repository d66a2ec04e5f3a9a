"""The checker: what must be told of one record, and what may."""

import pytest

from tests.flow.events.checker import State, Told, altered, gone_back, unexplained, untold


def _states(words: str) -> list[State]:
    """`a` and so on are states, `-` a delete; small letters in brackets are no transaction's end."""
    found = []
    for word in words.split():
        shown = None if word.strip("()") == "-" else word.strip("()")
        found.append(State(shown, shown, net=not word.startswith("(")))
    return found


def _told(words: str) -> list[str | None]:
    return [None if word == "-" else word for word in words.split()]


@pytest.mark.parametrize(
    ("states", "told", "places"),
    [
        ("a b c", "a b c", []),
        ("a b c", "a c", [1]),
        ("a b -", "a b", [2]),
        ("a - b", "a b", []),
        ("a - a", "a", []),
        ("a (-) a", "a", []),
        ("(a) (b) c", "c", []),
        ("a b", "b a", [1]),
    ],
)
def test_every_transaction_is_told_but_a_delete_before_the_record_came_again(
    states: str, told: str, places: list[int]
) -> None:
    assert untold(_told(told), _states(states)) == places


@pytest.mark.parametrize(
    ("states", "told", "places"),
    [
        ("a b c", "a a c", []),
        ("a b c", "a x c", [1]),
        ("a b c", "b a", [1]),
        ("a - b", "a - - b", []),
        ("(a) b", "a b", []),
        ("a", "- a", []),
        ("a b", "a b a", [2]),
    ],
)
def test_nothing_is_told_that_was_not_so_or_was_no_longer_so(
    states: str, told: str, places: list[int]
) -> None:
    assert unexplained(_told(told), _states(states)) == places


def test_a_version_told_first_after_a_newer_one_goes_back_and_a_repetition_does_not() -> None:
    log = [Told("r", (1, version), version) for version in (1, 3, 1, 2, 3)]
    assert [one.order for one in gone_back(log)] == [(1, 2)]


def test_a_repetition_in_other_bytes_is_altered() -> None:
    log = [Told("r", (1, 1), b"a"), Told("r", (1, 1), b"a"), Told("r", (1, 1), b"b")]
    assert altered(log) == log[2:]
