"""Grants that an office could not list: said in its document, and read of it by codes and ids alone."""

from typing import Any

import pytest

from schemas.trust import left_out
from schemas.trust.grants import from_document
from schemas.trust.left_out import LeftOut

_ONE = LeftOut("no-room", 12, tuple(f"R-2026-{number:06}" for number in range(left_out.MOST)))
_DOCUMENT = {"number": 1, "expires": "2999-01-01T00:00:00Z", "grants": []}


def test_a_document_says_it_as_it_was_written() -> None:
    other = LeftOut("no-grant", 1, ("R-2026-000099",))
    listed = [one.facts for one in (_ONE, other)]
    assert from_document({**_DOCUMENT, left_out.MEMBER: listed}).left_out == (_ONE, other)
    assert from_document(_DOCUMENT).left_out == ()


def test_it_is_told_by_number_code_and_the_first_ids() -> None:
    assert str(_ONE).startswith("12 grants (no-room): R-2026-000000, ")
    assert str(_ONE).endswith("R-2026-000009, …")
    assert str(LeftOut("no-grant", 1, ("R-1",))) == "1 grants (no-grant): R-1"


@pytest.mark.parametrize(
    "changed",
    [
        {"reason": "张三 330203199001011234"},
        {"reason": "n" * 41},
        {"reason": ""},
        {"reason": None},
        {"count": "12"},
        {"count": True},
        {"count": -1},
    ],
)
def test_what_is_said_badly_is_passed_over_and_the_document_is_taken(changed: dict[str, Any]) -> None:
    for one in ({**_ONE.facts, **changed}, "R-1", None, []):
        assert from_document({**_DOCUMENT, left_out.MEMBER: [one, _ONE.facts]}).left_out == (_ONE,)


@pytest.mark.parametrize("said", [{}, "R-1", 7, None])
def test_what_is_no_list_says_nothing(said: object) -> None:
    assert from_document({**_DOCUMENT, left_out.MEMBER: said}).left_out == ()


@pytest.mark.parametrize("ids", ["R-1", None, [1], ["张 三"], [""], [["R-1"]]])
def test_ids_that_do_not_read_are_passed_over_and_what_is_counted_stands(ids: object) -> None:
    listed = [{**_ONE.facts, "ids": ids}]
    assert from_document({**_DOCUMENT, left_out.MEMBER: listed}).left_out == (LeftOut("no-room", 12, ()),)


def test_of_more_ids_than_are_shown_or_counted_the_first_are_kept() -> None:
    ids = [f"R-{number}" for number in range(left_out.MOST + 1)]
    for count, kept in ((12, ids[: left_out.MOST]), (3, ids[:3])):
        listed = [{"reason": "new-reason", "count": count, "ids": ids}]
        [one] = from_document({**_DOCUMENT, left_out.MEMBER: listed}).left_out
        assert one == LeftOut("new-reason", count, tuple(kept))
