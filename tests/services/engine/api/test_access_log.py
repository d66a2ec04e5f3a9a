"""No disclosure without an access entry: what each kind of answer leaves in the log, and what leaves nothing."""

import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import httpx
import orjson
import pytest
from fastapi import FastAPI

from schemas.trust.message import Message, sign
from services.engine.api import plane
from services.engine.api.call import Call, Reply
from services.engine.settings import Settings
from tests.services.engine.api import office
from tests.services.engine.api.conftest import ASKER, CASE, Trust
from tests.services.engine.api.logged import entries_of, named, person

VEHICLES = f"/records/{office.KIND}/vehicles"
DRIVERS = f"/records/{office.KIND}/drivers"
CREDIT_CODE = "91330100MA0TEXT128"


async def test_a_list_is_entered_with_who_asked_what_of_whom_and_why(
    member: httpx.AsyncClient, settings: Settings
) -> None:
    answer = await member.get(f"{VEHICLES}?select=plate,colour&plate=in.(A01,A02)&order=seats")
    assert answer.status_code == 200
    [entry] = entries_of(settings)
    digests = {
        name: entry.pop(name) for name in ("at", "previous", "question", "message", "request", "answer")
    }
    assert all(digests.values())
    assert entry == {
        "number": 2,
        "node": office.OWNER,
        "act": "read",
        "member": ASKER,
        "system": f"{ASKER}/window",
        "officer": "officer-1",
        "purpose": CASE,
        "dataset": f"{office.KIND}.vehicles",
        "major": 1,
        "items": ["colour", "plate"],
        "searched": ["plate"],
        "subjects": sorted([person(1), person(2), named("credit-code", CREDIT_CODE)]),
        "records": 2,
    }


async def test_a_grant_is_named_where_the_answer_leans_on_it(
    granted: httpx.AsyncClient, settings: Settings
) -> None:
    assert (await granted.get(f"{VEHICLES}?select=plate,owner_id&limit=1")).status_code == 200
    assert (await granted.get(f"{VEHICLES}?select=plate&limit=1")).status_code == 200
    by_owner = {"by": "owner_id", "keys": [office.owner_id(3)], "select": "plate"}
    assert (await granted.post(f"{VEHICLES}/lookup", json=by_owner)).status_code == 200
    assert (await granted.head(f"{VEHICLES}?select=owner_id")).status_code == 200
    entries = entries_of(settings)
    assert [one.get("grant") for one in entries] == ["G-1", None, "G-1", "G-1"]
    assert entries[-1]["items"] == []


async def test_whoever_was_searched_for_in_vain_leaves_a_trace_too(
    owner: httpx.AsyncClient, settings: Settings
) -> None:
    nobody = office.owner_id(999).lower()
    answer = await owner.post(f"{VEHICLES}/query", json={"select": "plate", "owner_id": f"eq.{nobody}"})
    assert answer.json() == []
    verified = {"where": {"plate": "A00"}, "claims": {"owner_id": nobody}}
    assert (await owner.post(f"{VEHICLES}/verify", json=verified)).json() == {"match": False}
    [read, asked] = entries_of(settings)
    assert (read["subjects"], read["records"]) == ([person(999)], 0)
    assert (asked["act"], asked["records"]) == ("verify", 0)
    assert asked["subjects"] == sorted([person(999), person(0)]), "a no is also about the vehicle's owner"


async def test_a_match_names_whom_the_record_is_about(
    anonymous: httpx.AsyncClient, settings: Settings
) -> None:
    body = {"where": {"plate": "A02"}, "claims": {"seats": 4}}
    assert (await anonymous.post(f"{VEHICLES}/verify", json=body)).json() == {"match": True}
    [entry] = entries_of(settings)
    assert (entry["subjects"], entry["searched"]) == ([person(2)], ["plate", "seats"])
    assert not {"member", "officer", "purpose"} & entry.keys()


async def test_counts_are_disclosures(anonymous: httpx.AsyncClient, settings: Settings) -> None:
    exact = {"Prefer": "count=exact"}
    head = await anonymous.head(f"{VEHICLES}?plate=eq.A02", headers=exact)
    assert head.headers["content-range"] == "0-0/1"
    none = await anonymous.get(f"{VEHICLES}?plate=eq.A02&select=plate&limit=0", headers=exact)
    assert (none.json(), none.headers["content-range"]) == ([], "*/1")
    [counted, shown] = entries_of(settings)
    assert (counted["act"], counted["counted"], counted["items"]) == ("count", 1, [])
    assert counted["subjects"] == [person(2)]
    assert (shown["act"], shown["counted"], shown["records"]) == ("read", 1, 0)
    assert shown["subjects"] == [person(2)], "a count of few says that these are there"


async def test_one_record_is_entered_found_or_not(member: httpx.AsyncClient, settings: Settings) -> None:
    listed = await member.get(f"{DRIVERS}?select=record_id&limit=1")
    assert (await member.get(f"{DRIVERS}/{listed.json()[0]['record_id']}?select=name")).status_code == 200
    assert (await member.get(f"{DRIVERS}/nobody")).status_code == 404
    assert (await member.get(f"{VEHICLES}/A02", headers={"If-None-Match": "x"})).status_code == 200
    [listing, one, absent, vehicle] = entries_of(settings)
    assert (one["records"], one["items"]) == (1, ["name"])
    assert one["subjects"] == listing["subjects"] != []
    assert (absent["records"], absent["subjects"]) == (0, [])
    assert vehicle["subjects"] == [person(2)]


async def test_a_lookup_is_entered_chunk_by_chunk_each_before_its_bytes(
    app: FastAPI, trust: Trust, settings: Settings
) -> None:
    owners = [office.owner_id(number) for number in range(450)]
    body = {"by": "id_number", "keys": owners, "select": "name"}
    who = trust.headers(office.OWNER) | {"Langqiao-Node": office.OWNER}
    question = Message(
        "POST",
        f"{DRIVERS}/lookup",
        "",
        {name.lower(): said for name, said in who.items()},
        orjson.dumps(body),
    )
    signed = sign(question, trust.systems[f"{office.OWNER}/window"], datetime.now(UTC))
    sent = await _pieces(app, {**who, **signed}, f"{DRIVERS}/lookup", body, settings)
    entries = entries_of(settings)
    assert [one["act"] for one in entries] == ["lookup"] * 3
    assert [one["records"] for one in entries] == [12, 0, 0]
    assert [len(one["subjects"]) for one in entries] == [200, 200, 50]
    assert set(entries[2]["subjects"]) == {person(number) for number in range(400, 450)}
    assert sent == [1, 2, 3, 3], "entries on the disk when each piece left; the end line has none of its own"


async def _pieces(
    app: FastAPI, headers: Mapping[str, str], path: str, body: Any, settings: Settings
) -> list[int]:
    """How many entries the disk held when each piece of the answer was handed to the server."""
    held: list[int] = []
    asked = iter([{"type": "http.request", "body": orjson.dumps(body), "more_body": False}])

    async def receive() -> dict[str, Any]:
        # After its question the caller says nothing, and stays.
        return next(asked, None) or await asyncio.Future()

    async def send(message: Any) -> None:
        if message["type"] == "http.response.body" and message["body"]:
            held.append(len(entries_of(settings)))

    raw = [(name.lower().encode(), value.encode()) for name, value in headers.items()]
    scope = {
        "type": "http",
        "method": "POST",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "headers": [*raw, (b"content-type", b"application/json")],
    }
    await app(scope, receive, send)
    return held


async def test_keys_that_are_addresses_are_searched_for(
    anonymous: httpx.AsyncClient, settings: Settings
) -> None:
    body = {"record_ids": ["A02", "Z9"], "select": "plate"}
    assert (await anonymous.post(f"{VEHICLES}/lookup", json=body)).status_code == 200
    [entry] = entries_of(settings)
    assert (entry["subjects"], entry["records"]) == ([person(2)], 1)


async def test_writes_are_entered_with_whom_the_record_was_and_is_about(
    owner: httpx.AsyncClient, settings: Settings
) -> None:
    new = {"plate": "B1", "owner_id": office.owner_id(70), "colour": "red"}
    made = await owner.post(VEHICLES, json=new)
    assert made.status_code == 201, made.text
    again = await owner.post(VEHICLES, json=new)
    assert again.status_code == 409
    merge = {"If-Match": made.headers["etag"], "Content-Type": "application/merge-patch+json"}
    changed = await owner.patch(
        f"{VEHICLES}/B1", content=orjson.dumps({"owner_id": office.owner_id(71)}), headers=merge
    )
    assert changed.status_code == 200, changed.text
    gone = await owner.delete(f"{VEHICLES}/B1", headers={"If-Match": "*"})
    assert gone.status_code == 204
    created, refused, patched, deleted = entries_of(settings)
    assert {one["act"] for one in (created, refused, patched, deleted)} == {"write"}
    assert created["subjects"] == refused["subjects"] == [person(70)]
    assert patched["subjects"] == sorted([person(70), person(71)])
    assert (patched["items"], deleted["subjects"]) == (["owner_id"], [person(71)])


_REFUSED: tuple[tuple[str, str, dict[str, Any]], ...] = (
    ("GET", f"{VEHICLES}?select=secret", {}),
    ("GET", f"{VEHICLES}?select=owner_id", {}),
    ("GET", f"{VEHICLES}?select=nothing", {}),
    ("GET", f"{VEHICLES}?owner_id=eq.1", {}),
    ("HEAD", f"{DRIVERS}", {}),
    ("GET", "/records/nowhere/nothing", {}),
    ("POST", f"{VEHICLES}/verify", {"json": {"where": {"plate": "A00"}, "claims": {"owner_id": "1"}}}),
    ("POST", f"{DRIVERS}/lookup", {"json": {"by": "id_number", "keys": ["1"]}}),
    ("POST", VEHICLES, {"json": {"plate": "C1"}}),
    ("DELETE", f"{VEHICLES}/A00", {"headers": {"If-Match": "*"}}),
    ("GET", "/health", {}),
    ("GET", "/catalogue", {}),
    ("GET", "/metrics", {}),
)


async def test_what_is_refused_and_what_shows_no_record_leaves_no_entry(
    anonymous: httpx.AsyncClient, settings: Settings
) -> None:
    for method, address, said in _REFUSED:
        answer = await anonymous.request(method, address, **said)
        assert answer.status_code >= 400 or address in ("/health", "/catalogue", "/metrics"), address
    assert entries_of(settings) == []


async def test_no_value_of_a_record_or_a_question_stands_in_the_log(
    owner: httpx.AsyncClient, settings: Settings
) -> None:
    new = {"plate": "B1", "owner_id": office.owner_id(70), "colour": "red", "remark": "canary-remark"}
    assert (await owner.post(VEHICLES, json=new)).status_code == 201
    for body in ({"select": "*"}, {"owner_id": f"eq.{office.owner_id(70)}"}, {"price": "gt.100.5"}):
        assert (await owner.post(f"{VEHICLES}/query", json=body)).status_code == 200
    assert (await owner.get(f"{DRIVERS}?name=eq.司机3")).status_code == 400
    lookup = {"by": "id_number", "keys": [office.owner_id(3)], "select": "*"}
    assert (await owner.post(f"{DRIVERS}/lookup", json=lookup)).status_code == 200
    written = b"".join(path.read_bytes() for path in settings.access_log.iterdir())
    persons = [office.owner_id(number) for number in range(office.VEHICLES)]
    canaries = [*persons, office.owner_id(70), CREDIT_CODE, "canary-remark", "司机", "kept by the office"]
    assert [one for one in canaries if one.encode() in written] == []
    assert len(entries_of(settings)) == 5


async def test_an_answer_of_which_nobody_said_what_it_discloses_stays_here(
    anonymous: httpx.AsyncClient, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def forgetful(call: Call) -> Reply:
        return Reply(200, b'["canary"]', "application/json")

    monkeypatch.setitem(plane._DATASET, "GET", forgetful)  # type: ignore[arg-type]
    answer = await anonymous.get(VEHICLES)
    assert (answer.status_code, answer.json()["code"]) == (500, "internal")
    assert "canary" not in answer.text
    assert entries_of(settings) == []
