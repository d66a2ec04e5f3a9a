"""Many keys at once as NDJSON, and yes or no without showing."""

from typing import Any

import httpx
import orjson

from tests.services.engine.api import office

VEHICLES = f"/records/{office.KIND}/vehicles"
DRIVERS = f"/records/{office.KIND}/drivers"


async def _lines(client: httpx.AsyncClient, path: str, body: dict[str, Any]) -> list[dict[str, Any]]:
    answer = await client.post(path, json=body)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/x-ndjson"
    return [orjson.loads(line) for line in answer.content.splitlines()]


async def test_every_key_gets_its_line_in_the_order_sent(anonymous: httpx.AsyncClient) -> None:
    body = {"by": "plate", "keys": ["A05", "none", "A01", "A05"], "select": "plate,colour"}
    lines = await _lines(anonymous, f"{VEHICLES}/lookup", body)
    assert [line.get("key") for line in lines] == ["A05", "none", "A01", "A05", None]
    assert [[row["plate"] for row in line["records"]] for line in lines[:-1]] == [
        ["A05"],
        [],
        ["A01"],
        ["A05"],
    ]
    assert lines[-1] == {"end": {"keys": 4, "records": 3}}


async def test_a_key_may_meet_many_records_and_filters_apply(anonymous: httpx.AsyncClient) -> None:
    body = {
        "by": "seats",
        "keys": [2, 3, 4, 5],
        "select": "plate,colour",
        "colour": "eq.red",
        "order": "plate.desc",
    }
    *lines, end = await _lines(anonymous, f"{VEHICLES}/lookup", body)
    for line in lines:
        plates = [row["plate"] for row in line["records"]]
        assert plates == sorted(plates, reverse=True)
        assert {row["colour"] for row in line["records"]} == {"red"}
    assert end["end"]["records"] == sum(len(line["records"]) for line in lines) == 20


async def test_more_keys_than_one_statement_takes(anonymous: httpx.AsyncClient) -> None:
    keys = [f"A{number:02d}" for number in range(office.VEHICLES)] + [f"Z{number}" for number in range(1_000)]
    lines = await _lines(anonymous, f"{VEHICLES}/lookup", {"by": "plate", "keys": keys, "select": "plate"})
    assert [line["key"] for line in lines[:-1]] == keys
    assert lines[-1]["end"] == {"keys": len(keys), "records": office.VEHICLES}


async def test_no_keys_give_the_end_line_alone(anonymous: httpx.AsyncClient) -> None:
    lines = await _lines(anonymous, f"{VEHICLES}/lookup", {"by": "plate", "keys": [], "select": "plate"})
    assert lines == [{"end": {"keys": 0, "records": 0}}]


async def test_record_ids_need_no_right_to_the_key(member: httpx.AsyncClient) -> None:
    listed = (await member.get(f"{DRIVERS}?select=name,record_id&limit=3")).json()
    ids = [row["record_id"] for row in reversed(listed)]
    lines = await _lines(member, f"{DRIVERS}/lookup", {"record_ids": [*ids, "unknown"], "select": "name"})
    assert [line["records"] for line in lines[:-1]] == [
        [{"name": row["name"]}] for row in reversed(listed)
    ] + [[]]


async def test_verify_says_yes_or_no(owner: httpx.AsyncClient, granted: httpx.AsyncClient) -> None:
    async def match(client: httpx.AsyncClient, claims: dict[str, Any], plate: str = "A00") -> bool:
        answer = await client.post(f"{VEHICLES}/verify", json={"where": {"plate": plate}, "claims": claims})
        assert answer.status_code == 200, answer.text
        assert answer.json().keys() == {"match"}
        return bool(answer.json()["match"])

    right = {
        "owner_id": office.owner_id(0),
        "seats": 2,
        "scrapped": False,
        "price": "100.50",
        "owner_code": None,
    }
    assert await match(owner, right)
    assert not await match(owner, {**right, "seats": 3})
    assert not await match(owner, right, plate="A01")
    assert await match(granted, {"owner_id": office.owner_id(0)})
    # A blue vehicle lies outside the grant's rows: just as if it were not there.
    assert not await match(granted, {"owner_id": office.owner_id(2)}, plate="A02")
