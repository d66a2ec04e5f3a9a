"""A record outside a grant's rows is answered about as one that is not there: the same bytes, headers, counts, entries
and ways to the database. And nobody is answered about what is conditional without an officer's name."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import product
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from schemas.query.bound import BoundQuery
from services.engine.api.app import create_app
from services.engine.settings import Settings
from services.engine.source.port import Key, Page, RecordSource
from tests.clock import Clock
from tests.services.engine.api import office
from tests.services.engine.api.conftest import ASKER, Trust, client_of
from tests.services.engine.api.granting import grant_anew
from tests.services.engine.api.logged import entries_of

VEHICLES = f"/records/{office.KIND}/vehicles"
DRIVERS = f"/records/{office.KIND}/drivers"
#: A green vehicle, which is there, and one that is not; the grant is for red ones.
_OUTSIDE, _ABSENT = "A01", "Z01"
#: Method, address, body.
Way = tuple[str, str, dict[str, Any] | None]
_OWN_OF_A_CALL = ("langqiao-question", "langqiao-receipt", "server-timing")


@dataclass
class Counted:
    """A store that notes what it is asked, and asks another."""

    of: RecordSource
    asked: list[str] = field(default_factory=list)

    async def page(self, query: BoundQuery, *, limit: int, after: tuple[Any, ...] | None = None) -> Page:
        self.asked.append("page")
        return await self.of.page(query, limit=limit, after=after)

    async def count(self, query: BoundQuery) -> int:
        self.asked.append("count")
        return await self.of.count(query)

    async def keys(self, dataset: str, record_ids: Sequence[str]) -> Mapping[str, Key]:
        self.asked.append("keys")
        return await self.of.keys(dataset, record_ids)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.of, name)


def counting(app: FastAPI) -> Counted:
    """The store of a running app, which notes from now on what it is asked."""
    plane: Any = app.plane  # type: ignore[attr-defined]
    store = Counted(plane.node.source)
    plane.node = replace(plane.node, source=store)
    return store


def _plate(plate: str) -> dict[str, Way]:
    """Every way to ask for a vehicle's owner."""
    body = {"select": "owner_id", "plate": f"eq.{plate}"}
    looked_up = {"by": "plate", "keys": [plate], "select": "owner_id"}
    claim = {"where": {"plate": plate}, "claims": {"owner_id": office.owner_id(1)}}
    return {
        "one record": ("GET", f"{VEHICLES}/{plate}?select=owner_id", None),
        "the head of one record": ("HEAD", f"{VEHICLES}/{plate}?select=owner_id", None),
        "a list": ("GET", f"{VEHICLES}?select=owner_id&plate=eq.{plate}", None),
        "a count": ("HEAD", f"{VEHICLES}?select=owner_id&plate=eq.{plate}", None),
        "a question": ("POST", f"{VEHICLES}/query", body),
        "a lookup": ("POST", f"{VEHICLES}/lookup", looked_up),
        "a lookup by ids": ("POST", f"{VEHICLES}/lookup", {"record_ids": [plate], "select": "owner_id"}),
        "a verification": ("POST", f"{VEHICLES}/verify", claim),
    }


async def test_a_record_outside_the_scope_is_as_one_that_is_not_there(
    app: FastAPI, granted: httpx.AsyncClient, settings: Settings
) -> None:
    store = counting(app)
    for way, prefer in product(_plate(""), ("count=exact", "")):
        seen = []
        for plate in (_OUTSIDE, _ABSENT):
            store.asked.clear()
            answer = await _ask(granted, _plate(plate)[way], {"Prefer": prefer, "Accept": "*/*"})
            seen.append((_told(answer, plate), list(store.asked), _entered(settings)))
        assert seen[0] == seen[1], way
        assert "etag" not in seen[0][0][1], way


async def test_whoever_knows_its_version_learns_no_more_of_a_record_outside_the_scope(
    granted: httpx.AsyncClient,
) -> None:
    known = (await granted.get(f"{VEHICLES}/{_OUTSIDE}?select=plate")).headers["etag"]
    answers = [
        await granted.get(f"{VEHICLES}/{plate}?select=owner_id", headers={"If-None-Match": known})
        for plate in (_OUTSIDE, _ABSENT)
    ]
    assert _told(answers[0], "") == _told(answers[1], "")
    assert answers[0].status_code == 404


async def test_ids_that_say_nothing_are_alike_whether_their_records_are_outside_or_not_there(
    settings: Settings, trust: Trust, clock: Clock
) -> None:
    rows = f"id_number.eq.{office.owner_id(0)}"
    grant_anew(trust, clock, dataset=f"{office.KIND}.drivers", items=["id_number"], rows=rows)
    app = create_app(office.DEPARTMENT, settings, clock=clock)
    asked = {"select": "record_id", "id_number": f"eq.{office.owner_id(1)}"}
    async with (
        app.router.lifespan_context(app),
        client_of(app, trust.headers(office.OWNER), trust) as owner,
        client_of(app, trust.headers(ASKER, purpose="grant:G-1"), trust) as client,
    ):
        store = counting(app)
        outside = (await owner.post(f"{DRIVERS}/query", json=asked)).json()[0]["record_id"]
        for ask in (_one_driver, _driver_by_id):
            seen = []
            for record_id in (outside, outside[::-1]):
                store.asked.clear()
                answer = await _ask(client, ask(record_id), {})
                seen.append((_told(answer, record_id), list(store.asked)))
            assert seen[0] == seen[1]
            assert seen[0][1] == ["keys", "page"]


_WAYS = _plate("A02") | {
    "a list of drivers": ("GET", f"{DRIVERS}?select=id_number", None),
    "what is unconditional": ("GET", f"{VEHICLES}?select=seats", None),
}


@pytest.mark.parametrize("officer", [None, "", "  "])
async def test_no_way_leads_to_an_answer_without_an_officer(
    app: FastAPI, trust: Trust, settings: Settings, officer: str | None
) -> None:
    said = trust.headers(ASKER, purpose="grant:G-1", officer=None)
    said |= {} if officer is None else {"Langqiao-Officer": officer}
    async with client_of(app, said, trust) as client:
        for name, way in _WAYS.items():
            answer = await _ask(client, way, {})
            assert answer.status_code == 403, name
            assert way[0] == "HEAD" or answer.json()["code"] == "purpose-required", name
    assert entries_of(settings) == []


def _one_driver(record_id: str) -> Way:
    return "GET", f"{DRIVERS}/{record_id}?select=id_number", None


def _driver_by_id(record_id: str) -> Way:
    return "POST", f"{DRIVERS}/lookup", {"record_ids": [record_id], "select": "id_number"}


async def _ask(client: httpx.AsyncClient, way: Way, headers: dict[str, str]) -> httpx.Response:
    method, address, body = way
    said = {name: text for name, text in headers.items() if text}
    return await client.request(method, address, json=body, headers=said)


def _told(answer: httpx.Response, named: str) -> tuple[int, dict[str, str], str]:
    """All that the caller is told, but for what each call has of its own, and for what it said itself."""
    headers = {name: text for name, text in answer.headers.items() if name not in _OWN_OF_A_CALL}
    question = answer.headers["langqiao-question"]
    return answer.status_code, headers, answer.text.replace(question, "").replace(named or "\0", "")


def _entered(settings: Settings) -> tuple[Any, ...]:
    """How many records the newest entry says were shown, and counted."""
    entry = entries_of(settings)[-1]
    return entry["records"], entry.get("counted"), entry["act"]
