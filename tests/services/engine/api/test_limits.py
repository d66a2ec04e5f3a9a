"""What a node bears: bodies, keys, costs, deadlines, and a database that goes away."""

import asyncio
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx
import orjson
from fastapi import FastAPI

from services.engine.api.app import create_app
from services.engine.api.one import _bound as remembered
from services.engine.settings import Settings
from tests.services.engine.api import office
from tests.services.engine.api.conftest import Trust, client_of, ready, reasons, running
from tests.waiting import until

VEHICLES = f"/records/{office.KIND}/vehicles"


async def test_a_body_over_one_mebibyte_is_refused_unread(owner: httpx.AsyncClient) -> None:
    sent = 0

    async def endless() -> object:
        nonlocal sent
        while True:
            sent += 65_536
            yield b" " * 65_536

    # Nobody can sign what does not end; it is refused before anybody asks who sends it.
    typed = {"Content-Type": "application/json"}
    answer = await owner.post(f"{VEHICLES}/query", content=endless(), headers=typed, auth=None)
    assert (answer.status_code, answer.json()["code"]) == (413, "too-large")
    assert sent <= 2 * 1024 * 1024
    announced = await owner.post(
        VEHICLES, content=b" " * (1024 * 1024 + 1), headers={"Content-Type": "application/json"}
    )
    assert announced.status_code == 413
    just = await owner.post(
        f"{VEHICLES}/query",
        content=b'{"limit": 1}'.ljust(1024 * 1024),
        headers={"Content-Type": "application/json"},
    )
    assert just.status_code == 200


async def test_more_than_ten_thousand_keys_are_refused(anonymous: httpx.AsyncClient) -> None:
    keys = [str(number) for number in range(10_001)]
    many = await anonymous.post(f"{VEHICLES}/lookup", json={"by": "plate", "keys": keys, "select": "plate"})
    assert (many.status_code, many.json()["code"], many.json()["limit"]) == (413, "too-large", 10_000)
    allowed = await anonymous.post(
        f"{VEHICLES}/lookup", json={"by": "plate", "keys": keys[1:], "select": "plate"}
    )
    assert allowed.status_code == 200


async def test_a_question_over_the_cost_limit_is_refused_with_the_estimate(settings: Settings) -> None:
    small = settings.model_copy(update={"cost_limit": 30})
    async with running(create_app(office.DEPARTMENT, small)) as client:
        sorted_all = await client.get(f"{VEHICLES}?select=plate&order=seats&limit=1")
        assert (sorted_all.status_code, sorted_all.json()["code"]) == (400, "too-costly")
        assert (sorted_all.json()["estimate"], sorted_all.json()["limit"]) == (office.VEHICLES, 30)
        assert (await client.get(f"{VEHICLES}?select=plate&limit=5")).status_code == 200
        counted = await client.get(f"{VEHICLES}?select=plate&limit=5", headers={"Prefer": "count=exact"})
        assert counted.json()["code"] == "too-costly"
        many = await client.post(
            f"{VEHICLES}/lookup", json={"by": "colour", "keys": ["red", "green", "blue"], "select": "plate"}
        )
        assert many.json()["code"] == "too-costly"


async def test_of_what_nobody_may_count_the_estimate_tells_the_magnitude_alone(
    settings: Settings, trust: Trust
) -> None:
    small = settings.model_copy(update={"cost_limit": 5})
    app = create_app(office.DEPARTMENT, small)
    async with running(app) as anonymous, client_of(app, trust.headers(office.OWNER), trust) as owner:
        said = (await anonymous.get("/catalogue")).json()["offerings"]
        dear = await owner.get(f"/records/{office.KIND}/drivers?select=name&order=name")
    offered = {one["dataset"]: one["records"] for one in said}
    assert (dear.json()["code"], dear.json()["estimate"]) == ("too-costly", 20)
    assert offered[f"{office.KIND}.drivers"] == 20, "there are twelve"
    assert offered[f"{office.KIND}.vehicles"] == office.VEHICLES


async def test_a_key_sent_again_and_again_is_refused_before_its_records_are_written(
    settings: Settings,
) -> None:
    small = settings.model_copy(update={"cost_limit": 5 * office.VEHICLES})
    async with running(create_app(office.DEPARTMENT, small)) as client:
        answer = await client.post(
            f"{VEHICLES}/lookup", json={"by": "colour", "keys": ["red"] * 200, "select": "plate"}
        )
    assert (answer.status_code, answer.json()["code"]) == (400, "too-costly")
    assert answer.json()["estimate"] < 6 * office.VEHICLES


async def test_an_answer_that_grows_too_large_ends_with_a_cursor(settings: Settings) -> None:
    narrow = settings.model_copy(update={"max_answer_bytes": 100, "page_rows": 4})
    async with running(create_app(office.DEPARTMENT, narrow)) as client:
        answer = await client.get(f"{VEHICLES}?select=plate,colour")
        assert len(answer.json()) == 4
        assert "langqiao-next" in answer.headers


async def test_a_fault_after_the_first_line_cuts_the_answer(settings: Settings) -> None:
    # Each record is met twice, which no estimate foresees: the second time is over the limit.
    app = create_app(office.DEPARTMENT, settings.model_copy(update={"cost_limit": office.VEHICLES}))
    every = [2, 3, 4, 5]
    keys = [*every, *range(100, 300), *every]
    async with running(app):
        sent = await _sent(app, f"{VEHICLES}/lookup", {"by": "seats", "keys": keys, "select": "plate"})
    assert sent[0]["status"] == 200
    assert sent[-1]["more_body"] is True, "an answer that is not whole must not end as if it were"
    assert b'"end"' not in b"".join(message.get("body", b"") for message in sent)


async def test_long_addresses_are_not_remembered(anonymous: httpx.AsyncClient) -> None:
    before = remembered.cache_info().currsize
    for number in range(3):
        answer = await anonymous.get(f"{VEHICLES}/A00?select=a{number}{'a' * 10_000}:plate")
        assert answer.status_code == 200
    assert remembered.cache_info().currsize == before


async def test_a_passed_deadline_is_said(app: FastAPI, anonymous: httpx.AsyncClient) -> None:
    answer = await anonymous.get(VEHICLES, headers={"Langqiao-Deadline-Ms": "0"})
    assert (answer.status_code, answer.json()["code"]) == (503, "deadline-passed")
    for_ever = await anonymous.get(f"{VEHICLES}?limit=1", headers={"Langqiao-Deadline-Ms": "9" * 5_000})
    assert for_ever.status_code == 200


async def test_a_question_that_runs_too_long_is_refused_with_the_estimate(settings: Settings) -> None:
    many = 5_000
    with closing(sqlite3.connect(_file(settings))) as connection, connection:
        connection.execute(
            "INSERT INTO cl_jdcxx (hphm, csys, gmjg) WITH RECURSIVE n(i) AS"
            f" (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {many}) SELECT 'M' || i, 'A', '-1.50' FROM n"
        )
    hurried = settings.model_copy(update={"statement_budget_ms": 2})
    async with running(create_app(office.DEPARTMENT, hurried)) as client:
        answer = await client.get(f"{VEHICLES}?select=plate&order=registered_on,seats.desc&limit=1")
    assert (answer.status_code, answer.json()["code"]) == (400, "too-costly")
    assert answer.json()["estimate"] == office.VEHICLES + many


async def test_a_database_that_is_away_is_said_and_health_knows(settings: Settings) -> None:
    async with running(create_app(office.DEPARTMENT, settings)) as client:
        await until(lambda: ready(client), what="the node says that it is ready")
        taken = _take_away(settings)
        _file(settings).write_bytes(b"this is no database, for sure" * 100)
        await until(lambda: _is_away(client), what="the node says that its database is away")
        await until(lambda: database_named(client), what="health names the database")
        _put_back(taken)
        await until(lambda: ready(client), what="the node is ready again")
        assert (await client.get(f"{VEHICLES}?select=plate&limit=1")).status_code == 200


async def test_a_service_starts_while_its_database_is_away_and_takes_it_up(settings: Settings) -> None:
    taken = _take_away(settings)
    async with running(create_app(office.DEPARTMENT, settings)) as client:
        assert await _is_away(client)
        await until(lambda: database_named(client), what="health names the database")
        _put_back(taken)
        await until(lambda: ready(client), what="the node is ready, with capture in place")
        assert (await client.get(f"{VEHICLES}/A00")).status_code == 200


def _file(settings: Settings) -> Path:
    return Path(settings.database_url.get_secret_value().removeprefix("sqlite:///"))


def _take_away(settings: Settings) -> list[Path]:
    """Every file of the database moves elsewhere."""
    file = _file(settings)
    return [one.rename(one.with_name(f"{one.name}.gone")) for one in file.parent.glob(f"{file.name}*")]


def _put_back(taken: list[Path]) -> None:
    for one in taken:
        one.rename(one.with_name(one.name.removesuffix(".gone")))


async def _is_away(client: httpx.AsyncClient) -> bool:
    answer = await client.get(f"{VEHICLES}?select=plate&limit=1")
    if answer.status_code != 503:
        return False
    assert (answer.json()["code"], answer.headers["retry-after"]) == ("database-away", "2")
    return True


async def database_named(client: httpx.AsyncClient) -> bool:
    return "database" in await reasons(client)


async def _sent(app: FastAPI, path: str, body: dict[str, object]) -> list[dict[str, Any]]:
    """Every message that the app sends for one POST; httpx itself refuses to show an answer that was cut."""
    sent: list[dict[str, Any]] = []
    coming = [{"type": "http.request", "body": orjson.dumps(body)}]

    async def receive() -> dict[str, Any]:
        if coming:
            return coming.pop()
        await asyncio.Event().wait()
        raise AssertionError

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {"type": "http", "method": "POST", "path": path, "query_string": b"", "headers": []}
    await app(scope, receive, send)
    return sent
