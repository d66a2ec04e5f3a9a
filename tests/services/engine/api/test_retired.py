"""A major that its office ends on a day: until then answers carry the notice, from then on no address answers by it."""

import sqlite3
from contextlib import closing
from datetime import timedelta
from email.utils import parsedate_to_datetime
from typing import Any

import httpx
from fastapi import FastAPI

from schemas.law.sharing.limits import legal_day
from services.engine.api.app import create_app
from services.engine.settings import Settings
from tests.clock import Clock
from tests.services.engine.api import office
from tests.services.engine.api.conftest import ASKER, Trust, client_of, reasons
from tests.services.engine.api.granting import retire
from tests.waiting import until

_PATH, _RECORD = f"/records/{office.KIND}/inspections", "A00~2026"
_NINETY = timedelta(days=90)
_V1, _V2 = {"Contract-Version": "1"}, {"Contract-Version": "2"}
_CHANGE = {"If-Match": "*", "Content-Type": "application/merge-patch+json"}
#: Every way to ask for a dataset's records, or to change them.
_WAYS: dict[str, tuple[str, str, Any, dict[str, str]]] = {
    "list": ("GET", _PATH, None, {}),
    "head": ("HEAD", _PATH, None, {}),
    "one": ("GET", f"{_PATH}/{_RECORD}", None, {}),
    "query": ("POST", f"{_PATH}/query", {"select": "plate"}, {}),
    "lookup": ("POST", f"{_PATH}/lookup", {"record_ids": [_RECORD]}, {}),
    "by key": ("POST", f"{_PATH}/lookup", {"by": "plate", "keys": ["A00"]}, {}),
    "verify": ("POST", f"{_PATH}/verify", {"where": {"plate": "A00"}, "claims": {"passed": True}}, {}),
    "changes": ("POST", f"{_PATH}/changes", {"held": {}}, {}),
    "create": ("POST", _PATH, {"plate": "A77", "year": 2026, "passed": True}, {}),
    "patch": ("PATCH", f"{_PATH}/{_RECORD}", {"passed": False}, _CHANGE),
    "replace": ("PUT", f"{_PATH}/{_RECORD}", {"plate": "A00", "year": 2026}, {"If-Match": "*"}),
    "delete": ("DELETE", f"{_PATH}/{_RECORD}", None, {"If-Match": "*"}),
}


async def _ask(client: httpx.AsyncClient, way: str, **headers: str) -> httpx.Response:
    method, path, body, more = _WAYS[way]
    return await client.request(method, path, json=body, headers={**more, **headers})


def _today(clock: Clock) -> dict[str, Any]:
    """Told ninety days ago, and today is the day."""
    return {"noticed": (clock.now - _NINETY).isoformat(), "ends": legal_day(clock.now).isoformat()}


def _asking(app: FastAPI, trust: Trust) -> httpx.AsyncClient:
    return client_of(app, trust.headers(office.OWNER), trust)


async def test_from_its_day_on_no_address_answers_by_it_and_others_go_on(
    settings: Settings, trust: Trust, clock: Clock
) -> None:
    ends = retire(trust, clock, **_today(clock))["ends"]
    app = create_app(office.DEPARTMENT, settings, clock=clock)
    async with app.router.lifespan_context(app), _asking(app, trust) as client:
        for way in _WAYS:
            refused = await _ask(client, way, **_V1)
            assert refused.status_code == 410, way
            told = refused.json() if way != "head" else {}
            assert told.get("code", "major-retired") == "major-retired"
            for headers in ({}, _V2):
                answer = await _ask(client, way, **headers)
                assert answer.status_code in (200, 201, 204, 404, 409), answer.text
                assert answer.headers.get("contract-version", "2") == "2"
        told = (await _ask(client, "one", **_V1)).json()
        assert (told["version"], told["ended_on"], told["instead"], told["versions"]) == (1, ends, 2, [2])
        assert told["hint"] == "Send Contract-Version: 2."


async def test_until_its_day_answers_by_it_say_since_when_and_until_when(
    settings: Settings, trust: Trust, clock: Clock
) -> None:
    retire(trust, clock)
    app = create_app(office.DEPARTMENT, settings, clock=clock)
    async with app.router.lifespan_context(app), _asking(app, trust) as client:
        noticed = clock.now
        for way in ("list", "one", "query", "lookup", "verify", "changes", "patch", "head"):
            answer = await _ask(client, way, **_V1)
            assert answer.status_code == 200, answer.text
            assert answer.headers["deprecation"] == f"@{int(noticed.timestamp())}"
            sunset = parsedate_to_datetime(answer.headers["sunset"])
            assert legal_day(sunset) == legal_day(noticed) + _NINETY
            assert legal_day(sunset - timedelta(seconds=1)) < legal_day(sunset), (
                "it is the day's first moment"
            )
        without = await _ask(client, "list")
        assert without.headers["contract-version"] == "1", "who names no version goes on by it until its day"
        other = await _ask(client, "list", **_V2)
        assert other.headers.keys().isdisjoint({"deprecation", "sunset"})


async def test_a_restart_while_the_office_is_away_forgets_no_retirement(
    settings: Settings, trust: Trust, clock: Clock
) -> None:
    retire(trust, clock)
    clock.now += timedelta(days=200)
    app = create_app(office.DEPARTMENT, settings, clock=clock)
    async with app.router.lifespan_context(app), client_of(app, {}) as anybody:
        assert (await _ask(anybody, "list", **_V1)).json()["code"] == "major-retired"
        assert (await _ask(anybody, "list", **_V2)).status_code == 200


async def test_what_its_office_has_closed_is_no_more_whatever_the_nodes_own_clock_says(
    settings: Settings, trust: Trust, clock: Clock
) -> None:
    retire(trust, clock, over=True)
    app = create_app(office.DEPARTMENT, settings, clock=clock)
    async with app.router.lifespan_context(app), client_of(app, {}) as anybody:
        assert (await _ask(anybody, "list", **_V1)).status_code == 410


async def test_of_a_dataset_whose_only_major_is_retired_nothing_is_answered(
    settings: Settings, trust: Trust, clock: Clock
) -> None:
    retire(trust, clock, dataset=f"{office.KIND}.vehicles", **_today(clock))
    app = create_app(office.DEPARTMENT, settings, clock=clock)
    async with app.router.lifespan_context(app), client_of(app, trust.headers(ASKER), trust) as client:
        told = (await client.get(f"/records/{office.KIND}/vehicles")).json()
        assert (told["code"], told["instead"], told["versions"]) == ("major-retired", None, [])
        assert (await _ask(client, "list")).status_code == 200, (
            "another dataset's major of that number goes on"
        )


async def test_its_end_stands_beside_the_records_and_a_checkpoint_goes_to_a_major_that_goes_on(
    signing: Settings, trust: Trust, clock: Clock
) -> None:
    retire(trust, clock, dataset=f"{office.KIND}.drivers", **_today(clock))
    app = create_app(office.DEPARTMENT, signing, clock=clock)
    file = signing.database_url.get_secret_value().removeprefix("sqlite:///")
    async with app.router.lifespan_context(app), client_of(app, {}) as anybody:
        with closing(sqlite3.connect(file)) as database:
            database.row_factory = lambda _, row: row[0]
            kept = "SELECT value FROM lq_state WHERE name = 'ends'"
            await until(lambda: f"{office.KIND}.drivers" in "".join(database.execute(kept)))
            told = "SELECT dataset FROM lq_outbox WHERE raw_key = 'access-checkpoint'"
            await until(lambda: database.execute(told).fetchall())
            assert set(database.execute(told)) == {f"{office.KIND}.inspections"}
            (trust.folder / "grants.jws").write_text("none")
            await until(lambda: _said(anybody, "grants: "))
            assert "drivers" in "".join(database.execute(kept)), "no document says nothing of ends"


async def _said(client: httpx.AsyncClient, reason: str) -> bool:
    return reason in await reasons(client)


async def test_the_catalogue_shows_the_day_and_what_to_use_instead_and_then_offers_the_other_alone(
    settings: Settings, trust: Trust, clock: Clock
) -> None:
    ends = retire(trust, clock)["ends"]
    app = create_app(office.DEPARTMENT, settings, clock=clock)
    async with app.router.lifespan_context(app), client_of(app, {}) as anybody:
        for later, majors, retired in ((timedelta(0), [1, 2], False), (_NINETY, [2], True)):
            clock.now += later
            offered = {one["dataset"]: one for one in (await anybody.get("/catalogue")).json()["offerings"]}
            one = offered[f"{office.KIND}.inspections"]
            [told] = one["retiring"]
            assert (one["majors"], told["major"], told["ends_on"]) == (majors, 1, ends)
            assert (told["instead"], told["retired"]) == (2, retired)
            assert {topic.partition(".")[0] for topic in one["topics"]} == {f"v{major}" for major in majors}
            assert "retiring" not in offered[f"{office.KIND}.drivers"], "a gateway of before reads it as ever"


async def test_a_document_that_says_it_badly_is_refused_whole_and_said_in_health(
    settings: Settings, trust: Trust, clock: Clock
) -> None:
    retire(trust, clock, ends="soon")
    app = create_app(office.DEPARTMENT, settings, clock=clock)
    async with app.router.lifespan_context(app), client_of(app, {}) as anybody:
        assert (await _ask(anybody, "list", **_V1)).status_code == 200
        assert not (await anybody.get("/health")).json()["checks"]["grants"]["ok"]
