"""The area: which node keeps what, in which version, and what becomes of claims that do not fit."""

from pathlib import Path
from typing import Any

import httpx
import pytest

from gateway.app import BadSettings, create_app
from tests.gateway import town
from tests.gateway.conftest import (
    Clock,
    Door,
    caller,
    member_headers,
    nodes_of_town,
    open_door,
    settings_for,
    url,
)
from tests.gateway.in_process import InProcess
from tests.gateway.standin import Node
from tests.waiting import until

SHOPS = "/records/trade/shops"


async def _health(door: Door) -> dict[str, Any]:
    return dict((await door.anonymous.get("/health")).json())


async def _codes(door: Door) -> set[str]:
    answer = await door.ask("trade.shops", {"select": "code"})
    assert answer.status_code == 200, answer.text
    return {row["code"] for row in answer.json()}


def _shops(node: str, *rows: int, **more: Any) -> Node:
    """A node that keeps some of the shops."""
    held = {"trade.shops": [town.shops()[number] for number in rows]}
    return Node(node, held, more.pop("served", [town.contract("trade.shops")]), **more)


async def test_health_says_who_answers_and_how_long_ago(door: Door) -> None:
    health = await _health(door)
    assert (health["node"], health["ready"], health["reasons"]) == ("330200.gateway", True, [])
    assert health["nodes"]["http://330203.trade"]["node"] == "330203.trade"
    assert health["nodes"]["http://330203.trade"]["age_seconds"] >= 0


async def test_the_catalogue_describes_the_whole_area_in_a_nodes_form(door: Door) -> None:
    answer = await door.anonymous.get("/catalogue")
    found = answer.json()
    assert (found["node"], found["role"], found["division"]) == ("330200.gateway", "gateway", "330200")
    offered = {(one["dataset"], one["provider"], *one["via"]) for one in found["offerings"]}
    assert ("trade.shops", "330203.trade", "330203.trade") in offered
    assert ("trade.shops", "330205.trade", "330205.trade") in offered
    assert {one["name"] for one in found["contracts"]} == {one.partition(".")[2] for one in town.DATASETS}
    again = await door.anonymous.get("/catalogue", headers={"If-None-Match": answer.headers["etag"]})
    assert again.status_code == 304


async def test_of_two_claims_to_one_division_the_first_named_keeps_it_and_health_says_so() -> None:
    nodes = {
        "330203.trade": _shops("330203.trade", 0, 2),
        "330203.commerce": _shops("330203.commerce", 0, 4, coverage=("330203", "330205")),
        "330205.trade": _shops("330205.trade", 1),
    }
    async with open_door(nodes) as door:
        assert await _codes(door) == {"s00", "s02", "s01"}
        (reason,) = (await _health(door))["reasons"]
    assert (
        reason == "330203.commerce and 330203.trade both claim trade.shops of 330203: 330203.trade keeps it"
    )


async def test_a_copy_is_listed_and_never_asked() -> None:
    nodes = {
        "330203.trade": _shops("330203.trade", 0),
        "330203.mirror": _shops("330203.mirror", 0, copy_of="330203.trade"),
    }
    async with open_door(nodes) as door:
        assert [row["code"] for row in (await door.ask("trade.shops", {"select": "code"})).json()] == ["s00"]
        assert not nodes["330203.mirror"].calls
        offered = (await door.anonymous.get("/catalogue")).json()["offerings"]
        assert (await _health(door))["reasons"] == []
    assert {one["copy_of"] for one in offered} == {None, "330203.trade"}


async def test_two_nodes_of_one_name_are_not_both_taken() -> None:
    nodes = {
        "330203.trade": _shops("330203.trade", 0),
        "other": _shops("330203.trade", 1, coverage=("330205",)),
    }
    async with open_door(nodes) as door:
        assert await _codes(door) == {"s00"}
        assert "calls itself 330203.trade" in (await _health(door))["reasons"][0]


async def test_where_a_node_is_meant_no_other_is_asked() -> None:
    meant = {url(f"{number}.trade"): f"{number}.trade" for number in (330203, 330205)}
    liar, honest = _shops("330205.trade", 1, coverage=("330205",)), _shops("330205.trade", 1)
    async with open_door({"330203.trade": liar, "330205.trade": honest}, node_ids=meant) as door:
        assert await _codes(door) == {"s01"}
        assert (await _health(door))["reasons"] == [f"{url('330203.trade')}: it is not 330203.trade"]
        assert not [one for one in liar.seen if one[1].startswith("/records/")]
        # The other begins to lie while it is asked.
        honest.node = "330203.trade"
        await door.watch.refresh()
        answer = await door.ask("trade.shops", {"select": "code"})
        assert (answer.status_code, answer.json()["code"]) == (503, "not-ready")


async def test_a_catalogue_that_was_kept_of_another_node_is_not_gone_by(tmp_path: Path) -> None:
    nodes, kept = {"330203.trade": _shops("330203.trade", 0)}, {"catalogue_file": tmp_path / "catalogue.json"}
    async with open_door(nodes, **kept) as door:
        assert await _codes(door) == {"s00"}
    at = url("330203.trade")
    client = InProcess({at: nodes["330203.trade"].app}, away={at})
    settings = settings_for(nodes, node_ids={at: "330203.market"}, **kept)
    app = create_app(settings, nodes=client, clock=Clock())
    async with app.router.lifespan_context(app), caller(app, member_headers()) as member:
        nodes_shown = (await member.get("/health")).json()["nodes"]
    assert nodes_shown[at]["node"] is None


async def test_the_lowest_version_that_all_nodes_serve_is_the_default() -> None:
    first, minor = town.contract("trade.shops"), town.contract("trade.shops", "1.1.0", {"phone": {}})
    second = town.contract("trade.shops", "2.0.0", {"phone": {}})
    rows = [{**row, "phone": "1"} for row in town.shops()]
    nodes = {
        "330203.trade": Node("330203.trade", {"trade.shops": rows[:1]}, [first, second]),
        "330205.trade": Node("330205.trade", {"trade.shops": rows[1:2]}, [minor, second]),
        "330206.trade": Node("330206.trade", {"trade.shops": rows[2:3]}, [second]),
    }
    async with open_door(nodes) as door:
        whole = await door.ask("trade.shops", {"select": "code,phone"})
        assert (whole.status_code, whole.headers["contract-version"]) == (200, "2")
        refused = await door.ask("trade.shops", {"select": "code"}, **{"Contract-Version": "1"})
        assert (refused.status_code, refused.json()["versions"]) == (404, [2])
    async with open_door({name: nodes[name] for name in ("330203.trade", "330205.trade")}) as door:
        answer = await door.ask("trade.shops", {"select": "code"})
        assert answer.headers["contract-version"] == "1"
        (starred,) = (await door.ask("trade.shops", {"select": "*", "code": "eq.s01"})).json()
        assert starred.keys() == town.shops()[0].keys() - {"remark"}
        newer = await door.ask("trade.shops", {"select": "code,phone"})
        assert (newer.status_code, newer.json()["code"]) == (400, "unknown-item")
        chosen = await door.ask("trade.shops", {"select": "code,phone"}, **{"Contract-Version": "2"})
        assert (chosen.status_code, chosen.headers["contract-version"]) == (200, "2")


async def test_a_node_that_serves_no_version_of_the_others_is_refused_by_itself() -> None:
    nodes = {
        "330203.trade": _shops("330203.trade", 0),
        "330205.trade": _shops("330205.trade", 1, served=[town.contract("trade.shops", "3.0.0")]),
    }
    async with open_door(nodes) as door:
        assert await _codes(door) == {"s00"}
        assert "in no version" in (await _health(door))["reasons"][0]


async def test_a_node_with_an_unreadable_contract_is_refused_by_itself() -> None:
    nodes = {"330203.trade": _shops("330203.trade", 0), "330205.trade": _shops("330205.trade", 1)}
    broken = {key: value for key, value in town.contract("trade.shops").items() if key != "description"}
    nodes["330205.trade"].served = [{**broken, "schema": []}]
    async with open_door(nodes) as door:
        assert await _codes(door) == {"s00"}
        assert "330205.trade serves a contract that cannot be read" in (await _health(door))["reasons"][0]


async def test_a_link_that_takes_a_name_twice_is_refused_by_itself() -> None:
    nodes = nodes_of_town()
    served = nodes["330200.licensing"].served[0]
    link = served["schema"][0]["relationships"][0]["customProperties"]
    assert link[2]["property"] == "reverse"
    link[2]["value"] = "account"
    async with open_door(nodes) as door:
        reasons = (await _health(door))["reasons"]
        answer = await door.ask("trade.shops", {"select": "account(grade)", "code": "eq.s00"})
    (reason,) = [one for one in reasons if "does not fit the others" in one]
    assert reason.startswith("330200.revenue serves")
    assert answer.json()["code"] == "unknown-item"


async def test_a_node_that_goes_away_stays_a_known_source(door: Door) -> None:
    door.client.away.add(url("330200.licensing"))
    await door.watch.refresh()
    health = await _health(door)
    assert health["ready"] is True
    assert any(one.startswith("http://330200.licensing: ") for one in health["reasons"])
    answer = await door.ask("trade.shops", {"select": "code,permits(status)", "code": "eq.s00"})
    assert (answer.status_code, answer.json()["sources"][0]["node"]) == (503, "330200.licensing")
    door.client.away.clear()
    await door.watch.refresh()
    assert (await _health(door))["reasons"] == []
    assert (await door.ask("trade.shops", {"select": "permits(status)", "code": "eq.s00"})).status_code == 200


async def test_what_a_node_never_met_may_offer_is_not_called_unknown() -> None:
    nodes = nodes_of_town()
    client = InProcess({url(name): one.app for name, one in nodes.items()}, away={url("330200.licensing")})
    app = create_app(settings_for(nodes, start_patience_seconds=60), nodes=client, clock=Clock())
    async with app.router.lifespan_context(app), caller(app, member_headers()) as member:
        health = await member.get("/health")
        assert (health.status_code, health.json()["ready"]) == (503, False)
        for path in ("/records/licensing/permits", f"{SHOPS}?select=permits(status)"):
            answer = await member.get(path)
            assert (answer.status_code, answer.json()["code"]) == (503, "not-ready")
            assert answer.headers["retry-after"]
        assert (await member.get(f"{SHOPS}?select=stuff")).status_code == 400
        assert (await member.get(f"{SHOPS}?select=code")).status_code == 200


async def test_a_dead_node_does_not_keep_the_door_shut() -> None:
    nodes = nodes_of_town()
    client = InProcess({url(name): one.app for name, one in nodes.items()}, away={url("330200.licensing")})
    app = create_app(settings_for(nodes, start_patience_seconds=1), nodes=client, clock=Clock())
    async with app.router.lifespan_context(app), caller(app, {}) as anonymous:
        await until(lambda: _ready(anonymous), what="the gateway is ready without the dead node")


async def _ready(client: httpx.AsyncClient) -> bool:
    return (await client.get("/health")).status_code == 200


async def test_a_kept_catalogue_outlives_a_restart(tmp_path: Path) -> None:
    nodes = nodes_of_town()
    kept = {"catalogue_file": tmp_path / "catalogue.json"}
    async with open_door(nodes, **kept) as door:
        asked = {"select": "code,permits(status)", "code": "eq.s00"}
        assert (await door.ask("trade.shops", asked)).status_code == 200
    client = InProcess({url(name): one.app for name, one in nodes.items()}, away={url("330200.licensing")})
    app = create_app(settings_for(nodes, **kept), nodes=client, clock=Clock())
    async with app.router.lifespan_context(app), caller(app, member_headers()) as member:
        assert (await member.get("/health")).status_code == 200
        answer = await member.post(f"{SHOPS}/query", json=asked)
        assert (answer.status_code, answer.json()["sources"][0]["state"]) == (503, "down")
    assert "店" not in (tmp_path / "catalogue.json").read_text()


async def test_a_catalogue_file_of_another_time_is_no_hindrance(tmp_path: Path) -> None:
    kept = tmp_path / "catalogue.json"
    kept.write_text('{"http://330203.trade": {"node": 1}}')
    async with open_door(nodes_of_town(), catalogue_file=kept) as door:
        assert len(await _codes(door)) == town.SHOPS


@pytest.mark.parametrize("content", [b"short", None])
def test_a_cursor_key_that_cannot_be_used_is_said_at_the_start(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "cursor.key"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(BadSettings, match="cursor_key_file"):
        create_app(settings_for({}, cursor_key_file=path))


async def test_before_the_first_round_the_gateway_is_not_ready() -> None:
    app = create_app(settings_for({}), nodes=InProcess({}))
    async with caller(app, {}) as client:
        for path in ("/health", "/catalogue", SHOPS):
            answer = await client.get(path)
            assert (answer.status_code, answer.json()["code"]) == (503, "not-ready")
