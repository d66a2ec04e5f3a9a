"""Quotas of a grant at the department: what is spent is refused before a record is read, also after a restart."""

from datetime import timedelta

import httpx
from fastapi import FastAPI

from services.engine.api.app import create_app
from services.engine.settings import Settings
from tests.clock import Clock
from tests.services.engine.api import office
from tests.services.engine.api.conftest import ASKER, Trust, client_of
from tests.services.engine.api.granting import grant_anew
from tests.services.engine.api.logged import entries_of

VEHICLES = f"/records/{office.KIND}/vehicles"
_BY_GRANT, _WITHOUT = f"{VEHICLES}?select=owner_id&limit=1", f"{VEHICLES}?select=plate&limit=1"


def asking(app: FastAPI, trust: Trust) -> httpx.AsyncClient:
    return client_of(app, trust.headers(ASKER, purpose="grant:G-1"), trust)


async def test_a_day_has_as_many_calls_as_the_grant_says_over_all_restarts(
    settings: Settings, trust: Trust, clock: Clock
) -> None:
    grant_anew(trust, clock, quota_per_day=3)
    statuses = []
    for _ in range(2):
        app = create_app(office.DEPARTMENT, settings, clock=clock)
        async with app.router.lifespan_context(app), asking(app, trust) as client:
            last = [await client.get(_BY_GRANT) for _ in range(2)][1]
            statuses.append(last.status_code)
            others = await client.get(_WITHOUT)
    assert statuses == [200, 429]
    assert (last.json()["code"], last.json()["limit"]) == ("quota-spent", 3)
    assert 0 < int(last.headers["Retry-After"]) <= 24 * 3_600
    assert others.status_code == 200


async def test_a_second_has_as_many_calls_as_the_grant_says(
    settings: Settings, trust: Trust, clock: Clock
) -> None:
    grant_anew(trust, clock, calls_per_second=2)
    app = create_app(office.DEPARTMENT, settings, clock=clock)
    async with app.router.lifespan_context(app), asking(app, trust) as client:
        answers = [await client.get(_BY_GRANT) for _ in range(3)]
        assert [one.status_code for one in answers] == [200, 200, 429]
        assert (answers[2].json()["code"], answers[2].headers["Retry-After"]) == ("too-many-calls", "1")
        clock.now += timedelta(seconds=1)
        assert (await client.get(_BY_GRANT)).status_code == 200


async def test_what_is_refused_for_its_quota_discloses_nothing(
    settings: Settings, trust: Trust, clock: Clock
) -> None:
    grant_anew(trust, clock, quota_per_day=1)
    app = create_app(office.DEPARTMENT, settings, clock=clock)
    async with app.router.lifespan_context(app), asking(app, trust) as client:
        await client.get(_BY_GRANT)
        keys = {"by": "plate", "keys": ["A01"], "select": "owner_id"}
        by_owner = {"by": "owner_id", "keys": [office.owner_id(1)], "select": "plate"}
        claims = {"where": {"plate": "A01"}, "claims": {"owner_id": "330102199003070019"}}
        answers = [
            await client.get(_BY_GRANT),
            await client.post(f"{VEHICLES}/query", json={"select": "owner_id"}),
            await client.post(f"{VEHICLES}/lookup", json=keys),
            await client.post(f"{VEHICLES}/lookup", json=by_owner),
            await client.head(f"{VEHICLES}?select=owner_id"),
            await client.post(f"{VEHICLES}/changes", json={"select": "owner_id"}),
            await client.post(f"{VEHICLES}/verify", json=claims),
            await client.get(f"{VEHICLES}/A01?select=owner_id"),
        ]
    assert [one.status_code for one in answers] == [429] * 8
    assert len(entries_of(settings)) == 1
