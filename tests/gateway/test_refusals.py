"""Every way the gateway refuses a call, case by case from refusals.yaml, and what costs too much."""

import logging
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from tests.gateway import town
from tests.gateway.conftest import Door, caller, member_headers, nodes_of_town, open_door

CASES = yaml.safe_load((Path(__file__).parent / "refusals.yaml").read_text())
CANARY = "33020319800101001X"


@pytest.fixture
async def closed_door() -> Any:
    """The town with a roll office that gives nobody its conditional item."""
    nodes = nodes_of_town()
    nodes["330200.roll"].closed = frozenset({"health"})
    async with open_door(nodes) as opened:
        yield opened


@pytest.mark.parametrize("case", CASES, ids=lambda case: str(case["name"]).replace(" ", "-"))
async def test_a_bad_call_is_refused_with_its_problem(
    case: dict[str, Any], closed_door: Door, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    async with _client(closed_door, case.get("as", "anonymous")) as client:
        answer = await client.request(
            case.get("method", "GET"), case["path"], headers=_headers(case), **_body(case)
        )
    assert answer.headers["content-type"] == "application/problem+json", answer.text
    problem = answer.json()
    assert (answer.status_code, problem["status"], problem["code"]) == (
        case["status"],
        case["status"],
        case["code"],
    ), answer.text
    assert {"type", "title", "detail", "origin", "message", "details", "hint"} <= problem.keys()
    for member, value in case.get("members", {}).items():
        assert problem[member] == value, member
    assert answer.headers.get("allow") == case.get("allow", answer.headers.get("allow"))
    assert sum(len(node.calls) for node in closed_door.nodes.values()) == case.get("asked", 0)
    ours = "".join(record.getMessage() for record in caplog.records if record.name.startswith("langqiao"))
    assert CANARY not in answer.text + str(answer.headers) + ours


async def test_a_body_over_the_limit_is_refused() -> None:
    async with open_door(nodes_of_town(), max_body_bytes=100) as door:
        answer = await door.ask("trade.shops", {"name": "eq." + "x" * 100})
    assert (answer.status_code, answer.json()["code"]) == (413, "too-large")


async def test_a_lookup_of_too_many_keys_is_refused(door: Door) -> None:
    keys = [str(number) for number in range(10_001)]
    answer = await door.member.post("/records/trade/shops/lookup", json={"by": "code", "keys": keys})
    assert (answer.status_code, answer.json()["code"], answer.json()["limit"]) == (413, "too-large", 10_000)


async def test_a_question_is_refused_by_its_estimate_before_anybody_is_asked() -> None:
    async with open_door(nodes_of_town(), cost_limit=40) as door:
        cheap = await door.ask("trade.shops", {"select": "name"})
        dear = await door.ask("trade.shops", {"select": "name,permits(status)"})
        explained = await door.ask(
            "trade.shops", {"select": "name,permits(status)"}, Accept="application/vnd.langqiao.plan+json"
        )
        calls = sum(len(node.calls) for node in door.nodes.values())
    assert cheap.status_code == 200
    assert (dear.status_code, dear.json()["code"]) == (400, "too-costly")
    assert (dear.json()["estimate"], dear.json()["limit"]) == (town.SHOPS + 24, 40)
    assert explained.status_code == 200
    assert calls == 2


async def test_a_question_is_refused_again_when_it_fetches_more_than_estimated() -> None:
    records = town.records()
    records["licensing.permits"] = [
        {"permit_no": f"q{number:02d}", "shop_code": "s01", "status": "valid", "valid_to": None}
        for number in range(30)
    ]
    async with open_door(nodes_of_town(records), cost_limit=20) as door:
        answer = await door.ask("trade.shops", {"select": "name,permits(status)", "code": "eq.s01"})
    assert (answer.status_code, answer.json()["code"]) == (400, "too-costly")
    assert (answer.json()["estimate"], answer.json()["limit"]) == (31, 20)


def _client(door: Door, name: str) -> httpx.AsyncClient:
    headers = member_headers() if name in ("member", "purposeless") else {}
    if name == "purposeless":
        del headers["Langqiao-Purpose"]
    return caller(door.app, headers)


def _headers(case: dict[str, Any]) -> dict[str, str]:
    typed = {"Content-Type": "application/json"} if "body" in case else {}
    return {**typed, **case.get("headers", {})}


def _body(case: dict[str, Any]) -> dict[str, Any]:
    if "body" in case:
        return {"content": case["body"]}
    return {"json": case["json"]} if "json" in case else {}


async def test_a_link_followed_back_and_forth_shows_no_more_than_may_be_fetched() -> None:
    records = town.records()
    records["licensing.permits"] = [
        {"permit_no": f"q{number:02d}", "shop_code": "s01", "status": "valid", "valid_to": None}
        for number in range(20)
    ]
    once, again = "permits(permit_no,shop(code))", "permits(shop(permits(shop(permits(permit_no)))))"
    async with open_door(nodes_of_town(records), cost_limit=400) as door:
        shown = await door.ask("trade.shops", {"select": once, "code": "eq.s01"})
        listed = await door.ask("trade.shops", {"select": again, "code": "eq.s01"})
        at_address = await door.member.get(f"/records/trade/shops/s01?select={again}")
        looked_up = await door.member.post(
            "/records/trade/shops/lookup", json={"by": "code", "keys": ["s01"], "select": again}
        )
    assert (shown.status_code, len(shown.json()[0]["permits"])) == (200, 20)
    for refused in (listed, at_address, looked_up):
        assert (refused.status_code, refused.json()["code"]) == (400, "too-costly")
        assert refused.json()["estimate"] > 20**3


async def test_a_key_sent_again_and_again_shows_no_more_than_may_be_fetched() -> None:
    async with open_door(nodes_of_town(), cost_limit=200) as door:
        body = {"by": "district", "keys": [town.EAST] * 100, "select": "code"}
        answer = await door.member.post("/records/trade/shops/lookup", json=body)
    assert (answer.status_code, answer.json()["code"]) == (400, "too-costly")


async def test_a_deadline_of_more_digits_than_a_number_may_have_is_the_ceiling(door: Door) -> None:
    answer = await door.ask("trade.shops", {"select": "name"}, **{"Langqiao-Deadline-Ms": "9" * 5_000})
    assert answer.status_code == 200
