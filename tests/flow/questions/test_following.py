"""Whatever is asked in a signed question, each call that an honest gateway makes of it follows from it: so the answers
are those of one database, where every department holds each call against the question."""

import asyncio
from dataclasses import replace
from typing import Any

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.app import create_app
from schemas.query.parse import parse_params
from schemas.query.render import render_body
from schemas.wire import headers
from tests.flow.federation import canaries
from tests.flow.federation.pair import Pair
from tests.flow.federation.questions import WITHOUT_EXPLAINING, Question, questions
from tests.flow.federation.records import contents
from tests.flow.federation.running import (
    PROVINCE_KEY,
    InProcessNodes,
    client_of,
    gateway_settings,
    path_of,
)
from tests.flow.questions.strict import Strict

_BELOW = "http://county"
_COUNTIES = pytest.mark.parametrize("filled", range(2), indirect=True)
_QUESTIONS = settings().max_examples // 2


@pytest.fixture
def filled(strict_pair: Pair, request: pytest.FixtureRequest) -> Pair:
    """The pair with the contents of one number; a failing question can be asked again of the same number."""
    strict_pair.load(contents(request.param))
    return strict_pair


@_COUNTIES
@given(question=questions(), counted=st.booleans())
@settings(phases=WITHOUT_EXPLAINING, max_examples=_QUESTIONS)
def test_a_signed_question_is_answered_as_by_one_database(
    filled: Pair, question: Question, counted: bool
) -> None:
    expected = filled.expected(question)
    wanted = {"Prefer": "count=exact"} if counted else {}
    answer = filled.runner.run(filled.county.ask(question, **wanted))
    if counted and question.query.offset > expected.total:
        assert answer.status_code == 416, answer.text
        return
    assert answer.status_code in (200, 206), answer.text
    assert answer.json() == expected.rows


@_COUNTIES
@given(question=questions(), page=st.integers(1, 4))
@settings(phases=WITHOUT_EXPLAINING, max_examples=max(2, _QUESTIONS // 4))
def test_so_is_each_page_of_it(filled: Pair, question: Question, page: int) -> None:
    expected = filled.expected(replace(question, query=replace(question.query, limit=None))).rows
    paged = replace(question, query=replace(question.query, limit=page))
    rows: list[Any] = []
    cursor: str | None = None
    while True:
        answer = filled.runner.run(filled.county.ask_page(paged, cursor))
        assert answer.status_code == 200, answer.text
        rows += answer.json()
        cursor = answer.headers.get(headers.NEXT)
        if cursor is None:
            break
    assert rows == expected


def test_a_question_goes_through_gateways_of_gateways(strict: Strict, runner: asyncio.Runner) -> None:
    runner.run(strict.county.load(canaries.contents()))
    asked = Question(
        "trade_office.firms", parse_params([("select", "code,employees(name),account(balance)")])
    )
    expected = runner.run(strict.county.ask(asked)).json()
    assert all(expected[0].values())
    assert runner.run(_through_two(strict, asked)).json() == expected


async def _through_two(strict: Strict, asked: Question) -> httpx.Response:
    """The answer of a gateway whose one node is the county's gateway."""
    below = InProcessNodes({_BELOW: strict.county.gateway})
    own = {"division": "330000", "nodes": (_BELOW,), "key_file": strict.folder / PROVINCE_KEY}
    above = create_app(gateway_settings(strict.folder, strict.county.trusted, **own), nodes=below)
    async with above.router.lifespan_context(above), client_of(above, strict.own) as client:
        body = render_body(asked.query)
        return await client.post(f"{path_of(asked)}/query", json=body, headers=strict.headers)


def test_where_clients_need_not_sign_there_are_no_conditional_personal_items_for_them(
    strict: Strict, runner: asyncio.Runner
) -> None:
    asked = ("trade_office/firms", "code,name"), ("revenue_office/payments", "code")
    refused, answered = runner.run(_unsigned(strict, *asked))
    assert (refused.status_code, refused.json()["code"]) == (403, "question-required")
    assert refused.json()["items"] == ["code", "name"]
    assert answered.status_code == 200


async def _unsigned(strict: Strict, *asked: tuple[str, str]) -> list[httpx.Response]:
    """The answers of a gateway that lets in whoever bears a token."""
    urls = tuple(strict.county.nodes.apps)
    lenient = gateway_settings(strict.folder, strict.county.trusted, nodes=urls, require_messages=False)
    app = create_app(lenient, nodes=strict.county.nodes)
    async with app.router.lifespan_context(app), client_of(app, strict.own) as client:
        said = strict.headers
        calls = [
            client.build_request("POST", f"/records/{path}/query", json={"select": items}, headers=said)
            for path, items in asked
        ]
        return [await client.send(one, auth=None) for one in calls]
