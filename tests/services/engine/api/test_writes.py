"""Writes by the department's own systems, and what a reader sees of them."""

import httpx

from tests.services.engine.api import office

VEHICLES = f"/records/{office.KIND}/vehicles"
NEW = {
    "plate": "N1",
    "colour": "green",
    "owner_id": "33010619950520000x",
    "owner_code": "91330100ma0text128",
    "division": "330203",
    "price": "12.5",
    "seats": 5,
    "registered_on": "2026-01-31",
    "scrapped": False,
    "secret": "kept by the office",
}
PATCH = "application/merge-patch+json"


async def _read(client: httpx.AsyncClient, plate: str) -> httpx.Response:
    return await client.get(f"{VEHICLES}/{plate}")


async def test_a_created_record_stands_at_its_address(owner: httpx.AsyncClient) -> None:
    made = await owner.post(VEHICLES, json=NEW)
    assert made.status_code == 201, made.text
    assert made.headers["location"] == f"{VEHICLES}/N1"
    read = await owner.get(made.headers["location"])
    assert read.headers["etag"] == made.headers["etag"] == f'"{made.json()["record_version"]}"'
    expected = {**NEW, "owner_id": "33010619950520000X", "owner_code": "91330100MA0TEXT128", "price": "12.50"}
    del expected["secret"]
    assert read.json() == {**expected, "remark": None}


async def test_a_key_of_any_characters_has_an_address(owner: httpx.AsyncClient) -> None:
    made = await owner.post(VEHICLES, json={"plate": "浙B/1 ~%?", "colour": "red"})
    assert made.status_code == 201, made.text
    read = await owner.get(made.headers["location"])
    assert (read.status_code, read.json()["plate"]) == (200, "浙B/1 ~%?")


async def test_a_pseudonymous_record_stands_at_its_pseudonym(owner: httpx.AsyncClient) -> None:
    path = f"/records/{office.KIND}/drivers"
    made = await owner.post(
        path, json={"id_number": "33010619950520000X", "name": "某某", "licence_class": "C1"}
    )
    assert made.status_code == 201, made.text
    assert "33010619950520000X" not in made.headers["location"] + made.text
    assert (await owner.get(made.headers["location"])).json()["name"] == "某某"


async def test_an_idempotency_key_creates_once(owner: httpx.AsyncClient) -> None:
    once = {"Idempotency-Key": "k-1"}
    first = await owner.post(VEHICLES, json=NEW, headers=once)
    again = await owner.post(VEHICLES, json=NEW, headers=once)
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.content == again.content
    assert first.headers["etag"] == again.headers["etag"]
    other = await owner.post(VEHICLES, json={**NEW, "plate": "N2"}, headers=once)
    assert (other.status_code, other.json()["code"]) == (409, "key-reused")


async def test_replace_takes_away_what_is_not_sent(owner: httpx.AsyncClient) -> None:
    before = await _read(owner, "A00")
    answer = await owner.put(
        f"{VEHICLES}/A00",
        json={"plate": "A00", "colour": "blue"},
        headers={"If-Match": before.headers["etag"]},
    )
    assert answer.status_code == 200, answer.text
    after = await _read(owner, "A00")
    assert after.headers["etag"] == answer.headers["etag"] != before.headers["etag"]
    assert {name: value for name, value in after.json().items() if value is not None} == {
        "plate": "A00",
        "colour": "blue",
    }


async def test_merge_patch_changes_what_is_sent(owner: httpx.AsyncClient) -> None:
    before = (await _read(owner, "A00")).json()
    answer = await owner.patch(
        f"{VEHICLES}/A00",
        content=b'{"price": "7.00", "seats": null}',
        headers={"If-Match": "*", "Content-Type": PATCH},
    )
    assert answer.status_code == 200, answer.text
    assert (await _read(owner, "A00")).json() == {**before, "price": "7.00", "seats": None}


async def test_a_change_needs_the_version_that_stands(owner: httpx.AsyncClient) -> None:
    tag = (await _read(owner, "A00")).headers["etag"]
    said = {"If-Match": tag, "Content-Type": PATCH}
    assert (await owner.patch(f"{VEHICLES}/A00", content=b'{"seats": 9}', headers=said)).status_code == 200
    stale = await owner.patch(f"{VEHICLES}/A00", content=b'{"seats": 8}', headers=said)
    assert (stale.status_code, stale.json()["code"]) == (412, "stale-version")
    several = {**said, "If-Match": f"{tag}, {(await _read(owner, 'A00')).headers['etag']}"}
    assert (await owner.patch(f"{VEHICLES}/A00", content=b'{"seats": 8}', headers=several)).status_code == 200


async def test_a_deleted_record_is_gone(owner: httpx.AsyncClient) -> None:
    tag = (await _read(owner, "A00")).headers["etag"]
    gone = await owner.delete(f"{VEHICLES}/A00", headers={"If-Match": tag})
    assert (gone.status_code, gone.content) == (204, b"")
    assert (await _read(owner, "A00")).status_code == 404
    made = await owner.post(VEHICLES, json={"plate": "A00", "colour": "red"})
    assert made.headers["etag"] != tag


async def test_a_composite_key_has_an_address(owner: httpx.AsyncClient) -> None:
    path = f"/records/{office.KIND}/inspections"
    made = await owner.post(path, json={"plate": "A00", "year": 2031, "passed": True})
    assert made.headers["location"] == f"{path}/A00~2031"
    read = await owner.get(made.headers["location"], headers={"If-None-Match": made.headers["etag"]})
    assert read.status_code == 304
