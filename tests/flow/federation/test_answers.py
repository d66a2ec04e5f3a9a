"""Invariant 5: a federated answer equals that of one database with all the county's values: rows, order, count."""

import math
from dataclasses import replace
from typing import Any

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.query.tree import Condition, Filter, Query
from schemas.wire import headers
from tests.flow.federation.county import DATASETS, Dataset
from tests.flow.federation.one_database import Answer, link_of
from tests.flow.federation.pair import Pair
from tests.flow.federation.questions import WITHOUT_EXPLAINING, Question, questions
from tests.flow.federation.records import contents
from tests.flow.federation.running import County

#: So many counties, each asked so many questions of its own: 500 in the normal run.
_COUNTIES = pytest.mark.parametrize("filled", range(25), indirect=True)
_COUNTIES_ON_POSTGRESQL = pytest.mark.parametrize("filled_on_postgresql", range(25, 30), indirect=True)
_QUESTIONS = settings().max_examples // 2
_MOST_PAGES = 30


@pytest.fixture
def filled(pair: Pair, request: pytest.FixtureRequest) -> Pair:
    """The pair with the contents of one number; a failing question can be asked again of the same number."""
    pair.load(contents(request.param))
    return pair


@pytest.fixture
def filled_on_postgresql(pair_on_postgresql: Pair, request: pytest.FixtureRequest) -> Pair:
    pair_on_postgresql.load(contents(request.param))
    return pair_on_postgresql


@_COUNTIES
@given(question=questions(), by_get=st.booleans(), counted=st.booleans(), enveloped=st.booleans())
@settings(phases=WITHOUT_EXPLAINING, max_examples=_QUESTIONS)
def test_rows_order_and_count_are_those_of_one_database(
    filled: Pair, question: Question, by_get: bool, counted: bool, enveloped: bool
) -> None:
    _ask_both(filled, question, by_get, counted, enveloped)


@_COUNTIES_ON_POSTGRESQL
@given(question=questions(), counted=st.booleans())
@settings(phases=WITHOUT_EXPLAINING, max_examples=_QUESTIONS)
def test_departments_on_postgresql_answer_alike(
    filled_on_postgresql: Pair, question: Question, counted: bool
) -> None:
    _ask_both(filled_on_postgresql, question, False, counted, False)


def _ask_both(pair: Pair, question: Question, by_get: bool, counted: bool, enveloped: bool) -> None:
    expected = pair.expected(question)
    wanted = {"Accept": headers.ANSWER if enveloped else headers.JSON}
    if counted:
        wanted["Prefer"] = "count=exact"
    by_url = by_get and not filters_personal(DATASETS[question.dataset], question.query)
    ask = pair.county.get if by_url else pair.county.ask
    answer = pair.runner.run(ask(question, **wanted))
    if counted and question.query.offset > expected.total:
        assert answer.status_code == 416, answer.text
        assert answer.headers["content-range"] == f"*/{expected.total}"
        return
    _same(answer, question.query, expected, counted=counted, enveloped=enveloped)


def _same(answer: httpx.Response, query: Query, expected: Answer, *, counted: bool, enveloped: bool) -> None:
    part = counted and not enveloped and len(expected.rows) < expected.total
    assert answer.status_code == (206 if part else 200), answer.text
    body = answer.json()
    assert (body["data"] if enveloped else body) == expected.rows
    if enveloped:
        assert body["complete"] is True
        assert body.get("total") == (expected.total if counted else None)
    shown = f"{query.offset}-{query.offset + len(expected.rows) - 1}" if expected.rows else "*"
    assert answer.headers["content-range"] == f"{shown}/{expected.total if counted else '*'}"


@_COUNTIES
@given(question=questions(), page=st.integers(1, 4))
@settings(phases=WITHOUT_EXPLAINING, max_examples=max(2, _QUESTIONS // 5))
def test_pages_by_cursor_are_the_whole(filled: Pair, question: Question, page: int) -> None:
    whole = replace(question, query=replace(question.query, limit=None))
    expected = filled.expected(whole).rows
    pages = filled.runner.run(
        _walk(filled.county, replace(question, query=replace(question.query, limit=page)))
    )
    assert [row for rows in pages for row in rows] == expected
    assert all(len(rows) <= page for rows in pages)
    assert len(pages) <= math.ceil(len(expected) / page) + 1


async def _walk(county: County, question: Question) -> list[list[dict[str, Any]]]:
    """Every page of a question, by following its cursors."""
    pages: list[list[dict[str, Any]]] = []
    cursor: str | None = None
    while len(pages) < _MOST_PAGES:
        answer = await county.ask_page(question, cursor)
        assert answer.status_code == 200, answer.text
        pages.append(answer.json())
        cursor = answer.headers.get(headers.NEXT)
        if cursor is None:
            return pages
    raise AssertionError("the walk has no end")


def filters_personal(one: Dataset, query: Query) -> bool:
    """Whether a filter at any level uses a personal item, which may not stand in a URL."""
    return any(_uses(part, one) for part in query.where) or any(
        filters_personal(link_of(one, embed.link).target, embed.query) for embed in query.embeds
    )


def _uses(part: Filter, one: Dataset) -> bool:
    if isinstance(part, Condition):
        return part.item in one.personal
    return any(_uses(member, one) for member in part.members)
