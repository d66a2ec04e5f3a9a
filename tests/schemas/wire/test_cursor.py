"""Sealed cursors: good for the one who asked and for that question, for a while, and unreadable to all."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.wire.cursor import KEY_BYTES, open_cursor, seal
from schemas.wire.problem import Problem

_SECRET = bytes(range(KEY_BYTES))
_BINDING = b"330200.taxation\0harbour.boats"
_POSITIONS: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)


def _refused(text: str, secret: bytes = _SECRET, binding: bytes = _BINDING, now: int = 99) -> str:
    with pytest.raises(Problem) as refused:
        open_cursor(secret, binding, text, now)
    assert refused.value.code == "bad-cursor"
    return refused.value.detail


@given(_POSITIONS)
def test_a_cursor_opens_to_its_position(position: Any) -> None:
    text = seal(_SECRET, _BINDING, position, 100)
    assert open_cursor(_SECRET, _BINDING, text, 99) == position
    assert text.replace("-", "").replace("_", "").isalnum()


def test_a_cursor_tells_nothing_and_is_never_the_same() -> None:
    one, other = (seal(_SECRET, _BINDING, ["330102199003070019"], 100) for _ in range(2))
    assert one != other
    assert "330102" not in one


def test_a_cursor_is_for_its_own_question_caller_and_node() -> None:
    text = seal(_SECRET, _BINDING, ["B1"], 100)
    assert "another caller or question" in _refused(text, binding=_BINDING + b"x")
    assert "another caller or question" in _refused(text, binding=b"")
    assert "another caller or question" in _refused(text, secret=bytes(KEY_BYTES))


def test_a_cursor_expires() -> None:
    text = seal(_SECRET, _BINDING, ["B1"], 100)
    assert open_cursor(_SECRET, _BINDING, text, 99) == ["B1"]
    assert "expired" in _refused(text, now=100)


@given(st.integers(0, 200), st.characters() | st.sampled_from("+/=-_"))
def test_a_cursor_with_one_other_character_is_refused(place: int, character: str) -> None:
    text = seal(_SECRET, _BINDING, ["B1", 5], 100)
    place %= len(text) - 1
    other = text[:place] + character + text[place + 1 :]
    if other != text:
        _refused(other)


@given(st.text(max_size=80))
def test_any_text_is_refused(text: str) -> None:
    _refused(text)


def test_a_long_text_is_refused_unread() -> None:
    assert "too long" in _refused("A" * 300_000)


def test_a_cursor_may_hold_those_of_many_nodes_at_two_levels() -> None:
    county = seal(_SECRET, _BINDING, [1, ["330203199001011234", "91330203MA2XXXXX0X"]], 100)
    city = seal(_SECRET, _BINDING, [1, "", 100, [["330203.market_regulation", county, 9, False]] * 12], 100)
    province = [1, "", 100, [["330200.gateway", city, 9, False]] * 11]
    assert open_cursor(_SECRET, _BINDING, seal(_SECRET, _BINDING, province, 100), 0) == province


def test_a_cursor_cut_short_is_refused() -> None:
    text = seal(_SECRET, _BINDING, ["B1"], 100)
    for length in range(len(text)):
        _refused(text[:length])
