"""A log that takes no entry: nothing is disclosed, /health says why, and it ends by itself."""

from pathlib import Path

import httpx
from fastapi import FastAPI

from services.engine.api.app import create_app
from services.engine.settings import Settings
from tests.services.engine.api import office
from tests.services.engine.api.conftest import Trust, client_of, ready, reasons
from tests.services.engine.api.logged import entries_of
from tests.services.engine.log.desk import full_disk
from tests.waiting import until

VEHICLES = f"/records/{office.KIND}/vehicles"


async def test_a_full_disk_stops_every_disclosure_and_every_write_until_there_is_room(
    owner: httpx.AsyncClient, settings: Settings
) -> None:
    await until(lambda: ready(owner))
    assert (await owner.get(f"{VEHICLES}?limit=1")).status_code == 200
    lookup = {"by": "plate", "keys": ["A01"], "select": "plate"}
    claim = {"where": {"plate": "A00"}, "claims": {"seats": 2}}
    with full_disk(10):
        for answer in (
            await owner.get(f"{VEHICLES}?limit=1"),
            await owner.head(VEHICLES),
            await owner.get(f"{VEHICLES}/A01"),
            await owner.get(f"{VEHICLES}/none"),
            await owner.post(f"{VEHICLES}/lookup", json=lookup),
            await owner.post(f"{VEHICLES}/verify", json=claim),
            await owner.post(VEHICLES, json={"plate": "B1", "colour": "red"}),
        ):
            assert answer.status_code == 503
            assert answer.headers["retry-after"] == "2"
            assert answer.request.method == "HEAD" or answer.json()["code"] == "log-unavailable"
        await until(lambda: _unready(owner))
        assert "log: no entry can be written: File too large" in await reasons(owner)
    await until(lambda: ready(owner))
    assert (await owner.get(f"{VEHICLES}/B1")).status_code == 404, "no write without an entry either"
    first, resumed, *_ = entries_of(settings)
    assert (first["act"], resumed["act"]) == ("read", "resumed")
    assert resumed["told"]["refused"] >= 6


async def test_two_services_of_one_node_never_disclose_at_once(
    app: FastAPI, settings: Settings, trust: Trust
) -> None:
    second = create_app(office.DEPARTMENT, settings)
    who = trust.headers(office.OWNER)
    async with (
        client_of(app, who, trust) as first,
        second.router.lifespan_context(second),
        client_of(second, who, trust) as client,
    ):
        await until(lambda: ready(first))
        assert (await client.get(VEHICLES)).json()["code"] == "log-unavailable"
        await until(lambda: _said(client, "another process writes this log"))


async def test_a_folder_that_cannot_be_made_is_no_log(
    settings: Settings, tmp_path: Path, trust: Trust
) -> None:
    (tmp_path / "file").touch()
    made = create_app(office.DEPARTMENT, settings.model_copy(update={"log_folder": tmp_path / "file"}))
    async with (
        made.router.lifespan_context(made),
        client_of(made, trust.headers(office.OWNER), trust) as client,
    ):
        assert (await client.get(VEHICLES)).json()["code"] == "log-unavailable"
        await until(lambda: _said(client, "log: no entry can be written"))


async def _unready(client: httpx.AsyncClient) -> bool:
    return not await ready(client)


async def _said(client: httpx.AsyncClient, reason: str) -> bool:
    return reason in await reasons(client)
