"""Many keys at once as NDJSON, yes or no without showing, and one record at its address."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import httpx
import orjson
import pytest

from gateway.nodes import NodeAnswer
from tests.gateway import oracle, town
from tests.gateway.conftest import Door, nodes_of_town, open_door, url
from tests.gateway.in_process import Change, down
from tests.gateway.standin import record_id

SHOPS = "/records/trade/shops"

Records = dict[str, list[dict[str, Any]]]


async def _lines(door: Door, dataset: str, body: dict[str, Any], **headers: str) -> list[dict[str, Any]]:
    path = f"/records/{dataset.replace('.', '/')}/lookup"
    answer = await door.member.post(path, json=body, headers=headers)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/x-ndjson"
    assert answer.headers["contract-version"] == "1"
    return [orjson.loads(line) for line in answer.content.splitlines()]


async def test_every_key_gets_its_line_in_the_order_sent(door: Door) -> None:
    body = {"by": "code", "keys": ["s05", "none", "s00", "s05"], "select": "name,account(grade)"}
    *lines, end = await _lines(door, "trade.shops", body)
    assert lines == [
        {"key": "s05", "records": [{"name": "店5", "account": None}]},
        {"key": "none", "records": []},
        {"key": "s00", "records": [{"name": "店0", "account": {"grade": "A"}}]},
        {"key": "s05", "records": [{"name": "店5", "account": None}]},
    ]
    assert end == {"end": {"keys": 4, "records": 3}}


async def test_a_key_may_meet_many_records_of_many_nodes_and_filters_apply(door: Door) -> None:
    body = {
        "by": "staff",
        "keys": [1, 3, 77],
        "select": "code,debts!inner(tax)",
        "name": "neq.店1",
        "order": "code.desc",
    }
    *lines, end = await _lines(door, "trade.shops", body)
    debts = {row["shop_code"] for row in town.records()["revenue.debts"]}
    for line in lines:
        wanted = [
            row["code"]
            for row in town.shops()
            if row["staff"] == line["key"] and row["name"] != "店1" and row["code"] in debts
        ]
        assert [row["code"] for row in line["records"]] == sorted(map(str, wanted), reverse=True)
    assert end["end"]["keys"] == 3


async def test_more_keys_than_one_call_takes() -> None:
    keys = [f"s{number:02d}" for number in range(town.SHOPS)] + [f"z{number}" for number in range(50)]
    async with open_door(nodes_of_town(), join_keys=7) as door:
        *lines, end = await _lines(door, "trade.shops", {"by": "code", "keys": keys, "select": "code"})
    assert [line["key"] for line in lines] == keys
    assert [len(line["records"]) for line in lines] == [1] * town.SHOPS + [0] * 50
    assert end["end"] == {"keys": len(keys), "records": town.SHOPS}


async def test_decimals_and_days_are_looked_up_by_value(door: Door) -> None:
    lines = await _lines(door, "trade.shops", {"by": "capital", "keys": ["101.5"], "select": "code,capital"})
    assert {row["capital"] for row in lines[0]["records"]} == {"101.50"}
    lines = await _lines(door, "trade.shops", {"by": "opened_on", "keys": ["2020-06-02"], "select": "code"})
    assert len(lines[0]["records"]) == 3


async def test_no_keys_give_the_end_line_alone(door: Door) -> None:
    lines = await _lines(door, "trade.shops", {"by": "code", "keys": [], "select": "code"})
    assert lines == [{"end": {"keys": 0, "records": 0}}]


async def test_record_ids_are_looked_up_at_every_node(door: Door) -> None:
    listed = (await door.ask("trade.shops", {"select": "code,record_id", "limit": 40})).json()
    ids = [row["record_id"] for row in reversed(listed)]
    *lines, _ = await _lines(door, "trade.shops", {"record_ids": [*ids, "unknown"], "select": "code"})
    assert [line["records"] for line in lines] == [[{"code": row["code"]}] for row in reversed(listed)] + [[]]


def _records_changed(change: Callable[[Records], None]) -> Change:
    """A node that answers other records for each id."""

    def changed(answer: NodeAnswer) -> NodeAnswer:
        *lines, end = (orjson.loads(line) for line in answer.body.splitlines())
        records = {line["key"]: line["records"] for line in lines}
        change(records)
        said = [{"key": key, "records": some} for key, some in records.items()]
        return replace(answer, body=b"\n".join(map(orjson.dumps, [*said, end])))

    return changed


def _as_well(records: Records) -> None:
    """A node that knows s00 by an earlier id too."""
    records["earlier"] = [{"grade": "A", "record_id": "s00"}]


def _swapped(records: Records) -> None:
    records["s00"], records["s02"] = records["s02"], records["s00"]


def _both(records: Records) -> None:
    records["s00"] += [{"grade": "A", "record_id": "s98"}]


@pytest.mark.parametrize("ids", [["earlier"], ["earlier", "s00"], ["s02", "s00", "earlier"]])
async def test_a_record_that_is_asked_for_by_an_earlier_id_bears_its_own(door: Door, ids: list[str]) -> None:
    door.client.changes[url("330200.revenue")] = _records_changed(_as_well)
    *lines, _ = await _lines(door, "revenue.accounts", {"record_ids": ids, "select": "grade,record_id"})
    found = {line["key"]: line["records"] for line in lines}
    assert list(found) == ids
    assert found["earlier"] == [{"grade": "A", "record_id": "s00"}]


@pytest.mark.parametrize("change", [_swapped, _both])
async def test_a_record_in_the_line_of_another_that_was_asked_for_is_faulty(
    door: Door, change: Callable[[Records], None]
) -> None:
    door.client.changes[url("330200.revenue")] = _records_changed(change)
    sent = {"record_ids": ["s00", "s02"], "select": "grade,record_id"}
    answer = await door.member.post("/records/revenue/accounts/lookup", json=sent)
    assert (answer.status_code, answer.json()["code"]) == (502, "source-faulty")


async def test_a_lookup_with_a_source_missing_fails_or_says_so(door: Door) -> None:
    door.client.changes[url("330205.trade")] = down
    body = {"by": "code", "keys": ["s00"], "select": "code"}
    for sent in (body, {"record_ids": ["s00"], "select": "code"}):
        refused = await door.member.post(f"{SHOPS}/lookup", json=sent)
        assert (refused.status_code, refused.json()["code"]) == (503, "source-missing")
        line, end = await _lines(door, "trade.shops", sent, Prefer="partial=allow")
        assert line == {"key": "s00", "records": None}
        assert end["end"]["complete"] is False
        assert [one["state"] for one in end["end"]["sources"]] == ["found", "down"]


async def test_verify_says_yes_or_no_wherever_the_record_is(door: Door) -> None:
    async def match(code: str, claims: dict[str, Any]) -> bool:
        answer = await door.member.post(f"{SHOPS}/verify", json={"where": {"code": code}, "claims": claims})
        assert answer.status_code == 200, answer.text
        assert answer.json().keys() == {"match"}
        return bool(answer.json()["match"])

    assert await match("s00", {"staff": 0, "owner_id": town.owner_id(0)})
    assert await match("s01", {"staff": 1})
    assert not await match("s01", {"staff": 2})
    assert not await match("none", {"staff": 0})


async def test_verify_needs_every_node_only_for_a_no(door: Door) -> None:
    door.client.changes[url("330205.trade")] = down

    async def ask(staff: int) -> httpx.Response:
        return await door.member.post(
            f"{SHOPS}/verify", json={"where": {"code": "s00"}, "claims": {"staff": staff}}
        )

    assert (await ask(0)).json() == {"match": True}
    assert ((await ask(1)).status_code, (await ask(1)).json()["code"]) == (503, "source-missing")


async def test_one_record_at_its_address(door: Door) -> None:
    answer = await door.member.get(f"{SHOPS}/s00?select=name,permits(permit_no)&permits.limit=1")
    assert (answer.status_code, answer.json()) == (200, {"name": "店0", "permits": [{"permit_no": "p00"}]})
    tagged = await door.member.get(f"{SHOPS}/s00")
    assert tagged.headers["etag"] == '"1.1"'
    again = await door.member.get(f"{SHOPS}/s00", headers={"If-None-Match": '"1.1"'})
    assert (again.status_code, again.content) == (304, b"")
    head = await door.member.head(f"{SHOPS}/s00")
    assert (head.status_code, head.content) == (200, b"")
    opened = await door.anonymous.get(f"{SHOPS}/s00?select=name")
    assert (opened.json(), opened.headers.get("etag")) == ({"name": "店0"}, None)


async def test_a_record_with_embeds_has_no_tag_for_they_change_without_it(door: Door) -> None:
    said = {"If-None-Match": '"1.1"'}
    answer = await door.member.get(f"{SHOPS}/s00?select=name,permits(permit_no)", headers=said)
    assert (answer.status_code, answer.headers.get("etag")) == (200, None)


async def test_a_pseudonymous_record_is_found_by_its_id(door: Door) -> None:
    person = town.records()["roll.persons"][1]
    address = record_id(oracle.CATALOGUE.contract("roll.persons"), person)
    answer = await door.member.get(f"/records/roll/persons/{address}?select=name")
    assert answer.json() == {"name": person["name"]}


async def test_one_record_with_a_source_missing_cannot_be_denied(door: Door) -> None:
    door.client.changes[url("330205.trade")] = down
    for address in ("s00", "none"):
        answer = await door.member.get(f"{SHOPS}/{address}")
        assert (answer.status_code, answer.json()["code"]) == (503, "source-missing")
