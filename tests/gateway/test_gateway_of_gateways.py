"""A gateway stands where a node stands: a province's asks the cities', to any depth, and never in a circle."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import httpx
import pytest

from gateway.app import create_app
from tests.gateway import oracle, town
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
from tests.gateway.in_process import InProcess, down

_RECORDS = town.records()


@pytest.fixture
async def city() -> AsyncIterator[Door]:
    """The town without the shops of the west, which another city keeps."""
    nodes = nodes_of_town(_RECORDS)
    del nodes["330205.trade"]
    async with open_door(nodes) as opened:
        yield opened


@pytest.fixture
async def province(city: Door) -> AsyncIterator[httpx.AsyncClient]:
    """A province over a gateway and a department."""
    west = nodes_of_town(_RECORDS)["330205.trade"]
    client = InProcess({"http://city": city.app, url(west.node): west.app})
    settings = settings_for({}, division="330000", nodes=("http://city", url(west.node)))
    async with AsyncExitStack() as stack:
        app = create_app(settings, nodes=client, clock=Clock())
        await stack.enter_async_context(app.router.lifespan_context(app))
        yield await stack.enter_async_context(caller(app, member_headers()))


async def test_a_signed_call_is_taken_as_any_other_by_a_gateway_and_signed_anew_by_it(city: Door) -> None:
    said = {
        "Signature": "langqiao=:AAAA:",
        "Signature-Input": "langqiao=()",
        "Langqiao-Node": "330200.gateway",
    }
    answer = await city.ask("trade.shops", {"select": "code", "limit": 1}, **said)
    assert answer.status_code == 200
    calls = [call for one in city.nodes.values() for call in one.calls]
    assert {call[2]["langqiao-node"] for call in calls} == {"330203.trade"}


QUESTION: dict[str, object] = {
    "select": "code,permits(permit_no),debts!inner(tax,amount),owner(name)",
    "order": "staff.desc",
}


async def test_a_province_answers_as_one_database(province: httpx.AsyncClient) -> None:
    from schemas.query.parse import parse_body

    answer = await province.post(
        "/records/trade/shops/query", json=QUESTION, headers={"Prefer": "count=exact"}
    )
    assert answer.status_code == 200, answer.text
    rows, total = oracle.answer(_RECORDS, "trade.shops", parse_body(QUESTION))
    assert answer.json() == rows
    assert answer.headers["content-range"] == f"0-{total - 1}/{total}"


async def test_a_walk_through_both_gateways_equals_the_whole(province: httpx.AsyncClient) -> None:
    asked: dict[str, object] = {"select": "code", "order": "name", "limit": 4}
    codes = []
    while True:
        answer = await province.post("/records/trade/shops/query", json=asked)
        assert answer.status_code == 200, answer.text
        codes += [row["code"] for row in answer.json()]
        if "langqiao-next" not in answer.headers:
            break
        asked = {**asked, "cursor": answer.headers["langqiao-next"]}
    assert len(codes) == len(set(codes)) == town.SHOPS


async def test_one_record_and_lookups_pass_through_both(province: httpx.AsyncClient) -> None:
    assert (await province.get("/records/licensing/permits/p03?select=permit_no")).json() == {
        "permit_no": "p03"
    }
    verified = await province.post(
        "/records/trade/shops/verify", json={"where": {"code": "s02"}, "claims": {"staff": 2}}
    )
    assert verified.json() == {"match": True}


async def test_the_way_of_an_offering_is_told(province: httpx.AsyncClient) -> None:
    offered = (await province.get("/catalogue")).json()["offerings"]
    ways = {one["provider"]: one["via"] for one in offered}
    assert ways["330200.licensing"] == ["330200.gateway", "330200.licensing"]
    assert ways["330205.trade"] == ["330205.trade"]


async def test_each_gateway_adds_a_hop_and_keeps_the_question(
    city: Door, province: httpx.AsyncClient
) -> None:
    await province.get("/records/licensing/permits?limit=1", headers={"Langqiao-Question": "q-9"})
    (call,) = city.nodes["330200.licensing"].calls
    assert (call[2]["langqiao-hops"], call[2]["langqiao-question"]) == ("2", "q-9")


async def test_a_node_missing_behind_a_gateway_is_missing_here(
    city: Door, province: httpx.AsyncClient
) -> None:
    city.client.changes[url("330200.licensing")] = down
    answer = await province.get("/records/licensing/permits?limit=1")
    assert (answer.status_code, answer.json()["code"]) == (503, "source-missing")
    assert answer.json()["sources"][0]["node"] == "330200.gateway"


async def test_gateways_in_a_circle_keep_to_their_own_nodes(city: Door, province: httpx.AsyncClient) -> None:
    """What came from this gateway itself is no offering of another."""
    transport = province._transport
    assert isinstance(transport, httpx.ASGITransport)
    known = nodes_of_town(_RECORDS)["330205.trade"]
    client = InProcess({"http://province": transport.app, url(known.node): known.app})
    settings = settings_for({}, nodes=("http://province", url(known.node)))
    app = create_app(settings, nodes=client, clock=Clock())
    async with app.router.lifespan_context(app), caller(app, member_headers()) as asking:
        offered = {one["dataset"] for one in (await asking.get("/catalogue")).json()["offerings"]}
        assert offered == {"trade.shops"}
