"""Majors that end: by which one a question is answered, from when on not, and which documents say so."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some

from schemas.trust import retiring
from schemas.trust.retiring import Retirement, answered
from schemas.trust.signed import DocumentRefused
from schemas.wire.problem import Problem

_DATASET, _OTHER, _OWNER = "taxation.arrears", "taxation.refunds", "330203.taxation"
_NOTICED = datetime(2026, 6, 1, 2, tzinfo=UTC)
#: The first moment of the day in Shanghai.
_FIRST = datetime(2026, 9, 30, 16, tzinfo=UTC)
_ENDS = date(2026, 10, 1)
_ONE = Retirement(_DATASET, 1, _NOTICED, _ENDS)
_BEFORE = _FIRST - timedelta(microseconds=1)


def test_a_major_ends_as_its_day_begins_in_shanghai() -> None:
    assert not _ONE.is_over(_BEFORE)
    assert _ONE.is_over(_FIRST)


def test_the_notice_is_as_the_standards_write_it() -> None:
    assert _ONE.headers == {"deprecation": "@1780279200", "sunset": "Wed, 30 Sep 2026 16:00:00 GMT"}


def test_a_document_says_it_as_it_was_written() -> None:
    listed = [_ONE, Retirement(_OTHER, 3, _NOTICED, _ENDS, over=True, provider=_OWNER)]
    document = {"retiring": [one.facts for one in listed]}
    assert list(retiring.read(document, _OWNER).values()) == listed
    assert list(retiring.read(document, "330205.taxation").values()) == [_ONE], (
        "another department's is its own"
    )
    assert retiring.read({"number": 1}, _OWNER) == {}


@pytest.mark.parametrize(
    "changed",
    [
        {"ends": "2026-13-01"},
        {"ends": None},
        {"ends": "0001-01-01"},
        {"noticed": "2026-06-01T02:00:00"},
        {"major": "1"},
        {"major": True},
        {"major": -1},
        {"dataset": ""},
        {"over": "yes"},
        {"provider": ""},
    ],
)
def test_a_document_that_says_it_badly_is_refused(changed: dict[str, Any]) -> None:
    with pytest.raises(DocumentRefused, match="malformed"):
        retiring.read({"retiring": [{**_ONE.facts, **changed}]}, _OWNER)
    for listed in ({}, ["v1"], "v1"):
        with pytest.raises(DocumentRefused, match="malformed"):
            retiring.read({"retiring": listed}, _OWNER)


@given(
    majors=some.sets(some.integers(1, 5), min_size=1),
    ended=some.sets(some.integers(1, 5)),
    ending=some.sets(some.integers(1, 5)),
    asked=some.none() | some.integers(1, 6),
)
def test_a_question_is_answered_by_the_major_that_it_names_or_the_lowest_that_goes_on_and_by_no_other(
    majors: set[int], ended: set[int], ending: set[int], asked: int | None
) -> None:
    days = {**dict.fromkeys(ending, _ENDS + timedelta(days=1)), **dict.fromkeys(ended, _ENDS)}
    known = {(_DATASET, major): Retirement(_DATASET, major, _NOTICED, day) for major, day in days.items()}
    left = sorted(majors - ended)
    if asked in ended or (asked is None and not left):
        with pytest.raises(Problem) as refused:
            answered(_DATASET, sorted(majors), asked, known, _FIRST)
        assert refused.value.code == "major-retired"
        assert refused.value.members["versions"] == left
        assert refused.value.members["instead"] == (left[-1] if left else None)
        return
    found = answered(_DATASET, sorted(majors), asked, known, _FIRST)
    by = min(majors) if found is None else found
    assert by == (left[0] if asked is None else asked)
