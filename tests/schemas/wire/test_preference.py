"""Prefer, Range and Accept, as PostgREST's clients send them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.wire import headers
from schemas.wire.preference import Preferences, accepts, content_range, item_range, preferences
from schemas.wire.problem import Problem

_FORMS = (headers.JSON, headers.OBJECT, headers.ANSWER)


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("", Preferences()),
        ("count=exact", Preferences(count_exact=True)),
        ("count=planned", Preferences(count_exact=True)),
        ("count=estimated", Preferences(count_exact=True)),
        ("count=none", Preferences()),
        ("return=representation, Count=Exact ,partial=allow", Preferences(count_exact=True, partial=True)),
        ("handling=lenient, something=else", Preferences()),
        ("handling=strict, count=exact, partial = allow", Preferences(count_exact=True, partial=True)),
        (",,", Preferences()),
    ],
)
def test_preferences_are_read(header: str, expected: Preferences) -> None:
    assert preferences(header) == expected


@pytest.mark.parametrize("word", ["tx=rollback", "max-affected=5", "count=exactly", "timezone=Asia/Shanghai"])
def test_a_strict_caller_is_told_of_what_is_not_kept(word: str) -> None:
    with pytest.raises(Problem) as refused:
        preferences(f"handling=strict, {word}")
    assert refused.value.code == "bad-syntax"
    assert refused.value.members == {"parameter": "Prefer", "position": 0}


def test_what_was_applied_is_said() -> None:
    assert Preferences().applied() == ""
    assert Preferences(True, True).applied() == "count=exact, partial=allow"


@pytest.mark.parametrize(
    ("header", "expected"),
    [("0-9", (0, 10)), ("items=5-5", (5, 1)), ("10-", (10, None)), (" 0-0 ", (0, 1))],
)
def test_a_range_is_an_offset_and_a_limit(header: str, expected: tuple[int, int | None]) -> None:
    assert item_range(header) == expected


@pytest.mark.parametrize(
    "header", ["", "-5", "a-b", "9-0", "bytes=0-9", "0-9,20-29", "0-9999999999", "１-２"]
)
def test_another_range_is_refused(header: str) -> None:
    with pytest.raises(Problem, match="bad-range"):
        item_range(header)


@pytest.mark.parametrize(
    ("first", "rows", "total", "expected"),
    [
        (0, 10, 123, "0-9/123"),
        (20, 1, None, "20-20/*"),
        (0, 0, 0, "*/0"),
        (5, 0, None, "*/*"),
        (5, 0, 3, "*/3"),
    ],
)
def test_a_content_range(first: int, rows: int, total: int | None, expected: str) -> None:
    assert content_range(first, rows, total) == expected


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("", headers.JSON),
        ("*/*", headers.JSON),
        ("application/*", headers.JSON),
        ("application/json", headers.JSON),
        ("Application/JSON; charset=utf-8", headers.JSON),
        ("application/vnd.pgrst.array+json", headers.JSON),
        ("application/vnd.pgrst.object+json", headers.OBJECT),
        ("application/vnd.pgrst.object", headers.OBJECT),
        ("text/html, application/xhtml+xml, */*;q=0.8", headers.JSON),
        ("application/json;q=0.5, application/vnd.langqiao.answer+json", headers.ANSWER),
        ("application/json;q=0.5, application/vnd.langqiao.answer+json;q=0.4", headers.JSON),
        ("application/json;q=0, */*", headers.OBJECT),
        ("application/json;q=many, application/vnd.pgrst.object+json;q=0.1", headers.OBJECT),
    ],
)
def test_the_form_that_the_caller_likes_best(header: str, expected: str) -> None:
    assert accepts(header, _FORMS) == expected


def test_a_caller_who_takes_anything_gets_what_there_is() -> None:
    assert accepts("*/*", (headers.NDJSON,)) == headers.NDJSON
    assert accepts("application/*", (headers.NDJSON,)) == headers.NDJSON


@pytest.mark.parametrize(
    "header",
    [
        "text/csv",
        "application/json;q=0",
        "application/json;nulls=stripped",
        "text/*",
        "application/json;q=-1",
    ],
)
def test_another_form_is_not_acceptable(header: str) -> None:
    with pytest.raises(Problem) as refused:
        accepts(header, _FORMS)
    assert refused.value.code == "not-acceptable"
    assert headers.JSON in refused.value.detail


@given(
    st.text(max_size=30)
    | st.lists(st.sampled_from("*/* application/json ; q= 0 1 nan , = items= - 5".split())).map("".join)
)
def test_any_header_is_read_or_refused_with_a_problem(header: str) -> None:
    for read in (preferences, item_range, lambda text: accepts(text, _FORMS)):
        try:
            read(header)
        except Problem as refused:
            assert refused.status in (400, 406, 416)  # noqa: PT017
