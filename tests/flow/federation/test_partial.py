"""Invariants 5 and 11: with departments down an answer names them; what it shows is the truth."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.query.tree import Embed, Query
from schemas.wire import headers
from tests.flow.federation.county import DATASETS, PLACES, Dataset, Place, places_of
from tests.flow.federation.one_database import link_of
from tests.flow.federation.pair import Pair
from tests.flow.federation.questions import WITHOUT_EXPLAINING, Question, questions
from tests.flow.federation.records import contents

_QUESTIONS = settings().max_examples // 2
_COUNTIES = pytest.mark.parametrize("filled", range(6), indirect=True)
_ENVELOPE = {"Accept": headers.ANSWER, "Prefer": "count=exact"}


@pytest.fixture
def filled(pair: Pair, request: pytest.FixtureRequest) -> Pair:
    pair.load(contents(request.param, sizes=(6, 9, 12)))
    return pair


def _downs() -> st.SearchStrategy[frozenset[Place]]:
    return st.frozensets(st.sampled_from(PLACES), min_size=1, max_size=2)


@_COUNTIES
@given(question=questions(), down=_downs())
@settings(phases=WITHOUT_EXPLAINING, max_examples=_QUESTIONS)
def test_the_envelope_shows_the_rest_and_says_what_is_missing(
    filled: Pair, question: Question, down: frozenset[Place]
) -> None:
    answer = filled.asked_without(question, down, **_ENVELOPE)
    expected = filled.expected(question)
    if answer.status_code == 416:
        assert question.query.offset > expected.total
        return
    assert answer.status_code in (200, 206), answer.text
    body = answer.json()
    missing = {one["node"] for one in body["sources"] if one["state"] == "down"}
    assert missing <= {place.member for place in down}
    assert body["complete"] is not bool(missing)
    if body["complete"]:
        assert (body["data"], body.get("total")) == (expected.rows, expected.total)
        return
    assert body.get("total") is None
    truth = filled.expected(_unbounded(question, down)).rows
    assert_shown(body["data"], truth, DATASETS[question.dataset], question.query, down)


@_COUNTIES
@given(question=questions(), down=_downs())
@settings(phases=WITHOUT_EXPLAINING, max_examples=_QUESTIONS // 2)
def test_the_plain_answer_is_whole_or_fails_and_names_the_missing(
    filled: Pair, question: Question, down: frozenset[Place]
) -> None:
    answer = filled.asked_without(question, down)
    if answer.status_code == 503:
        problem = answer.json()
        assert problem["code"] == "source-missing"
        assert {one["node"] for one in problem["sources"]} <= {place.member for place in down}
        return
    assert answer.status_code == 200, answer.text
    assert answer.json() == filled.expected(question).rows


def assert_shown(
    shown: Sequence[dict[str, Any]],
    truth: Sequence[dict[str, Any]],
    one: Dataset,
    query: Query,
    down: frozenset[Place],
) -> None:
    """Every row shown is a row of the truth with what is missing as null; none is left out without need."""
    if _undecided(one, query, down):
        rest = iter(truth)
        for row in shown:
            assert any(_agrees(row, other, one, query, down) for other in rest), (row, truth)
        assert query.limit is None or len(shown) <= query.limit
    else:
        assert len(shown) == len(truth)
        for row, other in zip(shown, truth, strict=True):
            assert _agrees(row, other, one, query, down), (row, other)


def _agrees(
    row: dict[str, Any], other: dict[str, Any], one: Dataset, query: Query, down: frozenset[Place]
) -> bool:
    """Whether a row shown is that row of the truth, but for what is missing."""
    embeds = {embed.alias or embed.link: embed for embed in query.embeds}
    if row.keys() != other.keys() or any(row[name] != other[name] for name in row if name not in embeds):
        return False
    return all(
        _fits(row[name], other[name], link_of(one, embed.link).target, embed, down)
        for name, embed in embeds.items()
    )


def _fits(shown: Any, truth: Any, target: Dataset, embed: Embed, down: frozenset[Place]) -> bool:
    if _away(target, down):
        # A key that is null meets nothing, whoever is away.
        return shown is None or (not shown and shown == truth)
    if isinstance(truth, list) and isinstance(shown, list):
        try:
            assert_shown(shown, truth, target, embed.query, down)
        except AssertionError:
            return False
        return True
    if shown is None or truth is None:
        return shown == truth or _undecided(target, embed.query, down)
    return _agrees(shown, truth, target, embed.query, down)


def _away(one: Dataset, down: frozenset[Place]) -> bool:
    return not down.isdisjoint(places_of(one.kind))


def _undecided(one: Dataset, query: Query, down: frozenset[Place]) -> bool:
    """Whether a missing source may decide which rows of a level there are."""
    return _away(one, down) or any(
        embed.inner and _undecided(link_of(one, embed.link).target, embed.query, down)
        for embed in query.embeds
    )


def _unbounded(question: Question, down: frozenset[Place]) -> Question:
    """The question without windows where a missing source decides what stands in them."""
    return replace(question, query=_level(DATASETS[question.dataset], question.query, down))


def _level(one: Dataset, query: Query, down: frozenset[Place]) -> Query:
    select = tuple(
        replace(part, query=_level(link_of(one, part.link).target, part.query, down))
        if isinstance(part, Embed)
        else part
        for part in query.select
    )
    open_ended = _undecided(one, query, down)
    return replace(
        query,
        select=select,
        limit=None if open_ended else query.limit,
        offset=0 if open_ended else query.offset,
    )
