"""Any question through the gateway equals the same question over all records in one place, page by page as well."""

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import httpx
import pytest
from hypothesis import given

from schemas.query.render import render_body
from schemas.query.tree import Query
from tests.gateway import oracle, town
from tests.gateway.conftest import Door, nodes_of_town, open_door
from tests.gateway.questions import questions

_RECORDS = town.records()
#: So small that every loop of the gateway runs more than once.
_SMALL = {"join_keys": 3, "walk_rows": 4, "start_keys": 12}


@pytest.fixture
async def door() -> AsyncIterator[Door]:
    """One gateway for all examples, for it keeps nothing between them."""
    nodes = nodes_of_town(_RECORDS)
    for node in nodes.values():
        node.max_rows = 7
    async with open_door(nodes, **_SMALL) as opened:
        yield opened


@given(questions())
async def test_rows_order_and_count_equal_one_database(door: Door, asked: tuple[str, Query]) -> None:
    dataset, query = asked
    rows, total = oracle.answer(_RECORDS, dataset, query)
    answer = await door.ask(dataset, render_body(query), Prefer="count=exact")
    if query.offset > total:
        assert (answer.status_code, answer.headers["content-range"]) == (416, f"*/{total}")
        return
    assert answer.status_code in (200, 206), answer.text
    assert answer.json() == rows
    assert answer.headers["content-range"].partition("/")[2] == str(total)
    assert answer.status_code == (206 if len(rows) < total else 200)


@given(questions())
async def test_a_walk_by_cursor_equals_the_whole(door: Door, asked: tuple[str, Query]) -> None:
    dataset, query = asked
    whole = oracle.answer(_RECORDS, dataset, replace(query, limit=None))[0]
    assert await _walk(door, dataset, replace(query, limit=query.limit or 4)) == whole


async def _walk(door: Door, dataset: str, query: Query) -> list[Any]:
    """All rows, by following the cursor."""
    rows: list[Any] = []
    body = render_body(query)
    while True:
        answer: httpx.Response = await door.ask(dataset, body)
        assert answer.status_code == 200, answer.text
        first = answer.headers["content-range"].partition("-")[0]
        assert first in ("*/*", str(query.offset + len(rows)))
        rows += answer.json()
        if "langqiao-next" not in answer.headers:
            return rows
        assert len(answer.json()) == query.limit
        body = {**body, "cursor": answer.headers["langqiao-next"]}
