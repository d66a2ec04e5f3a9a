"""Grants that an office could not list: said in its document, and read of it by codes and ids alone."""

from typing import Any

import pytest

from schemas.trust import left_out
from schemas.trust.grants import from_document
from schemas.trust.left_out import LeftOut
from schemas.trust.signed import DocumentRefused

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
        {"reason": ""},
        {"reason": None},
        {"count": "12"},
        {"count": True},
        {"count": 9},
        {"ids": "R-1"},
        {"ids": [1]},
        {"ids": ["张 三"]},
        {"ids": [""]},
        {"ids": [f"R-{number}" for number in range(11)]},
    ],
)
def test_a_document_that_says_it_badly_is_refused(changed: dict[str, Any]) -> None:
    for listed in ([{**_ONE.facts, **changed}], {}, ["R-1"]):
        with pytest.raises(DocumentRefused, match="malformed"):
            from_document({**_DOCUMENT, left_out.MEMBER: listed})
