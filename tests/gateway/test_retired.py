"""Majors that end, at the gateway: it says until when, reads by one that goes on, and names a part that is no more."""

from datetime import UTC, date, datetime
from email.utils import parsedate_to_datetime

import pytest

from schemas.wire.descriptor import Retiring
from tests.gateway import town
from tests.gateway.conftest import SHOPS_EAST, SHOPS_WEST, Door, nodes_of_town, open_door
from tests.gateway.standin import Node

_NOTICED = datetime(2026, 1, 1, tzinfo=UTC)
_ENDS = date(2026, 4, 1)
_SHOPS, _PERMITS, _LICENSING = "trade.shops", "licensing.permits", "330200.licensing"
_ENVELOPE = {"Accept": "application/vnd.langqiao.answer+json"}
_V1, _V2 = {"Contract-Version": "1"}, {"Contract-Version": "2"}
_ALL = {"select": "code", "order": "code"}
_WITH_PERMITS = {"select": "code,permits(permit_no)", "order": "code", "limit": 2}


def _ending(*, retired: bool) -> tuple[Retiring, ...]:
    return (Retiring(major=1, noticed_at=_NOTICED, ends_on=_ENDS, retired=retired, instead=2),)


def _in_two_majors(node: Node, dataset: str, *, retired: bool | None) -> Node:
    """The same node with a second major of a dataset; of the first it says that it ends, or nothing."""
    served = [*node.served, town.contract(dataset, "2.0.0")]
    retiring = {} if retired is None else {dataset: _ending(retired=retired)}
    return Node(node.node, node.records, served, retiring=retiring)


def _town(**retired: bool | None) -> dict[str, Node]:
    """The town whose shops are served in two majors, by what the nodes of east and west say of the first."""
    nodes = nodes_of_town()
    for node, side in ((SHOPS_EAST, "east"), (SHOPS_WEST, "west")):
        nodes[node] = _in_two_majors(nodes[node], _SHOPS, retired=retired[side])
    return nodes


async def _version(door: Door) -> str:
    answer = await door.ask(_SHOPS, _ALL)
    assert answer.status_code == 200, answer.text
    return answer.headers["contract-version"]


async def test_until_its_day_it_is_the_default_and_answers_say_until_when() -> None:
    async with open_door(_town(east=None, west=False)) as door:
        answer = await door.ask(_SHOPS, _ALL)
        assert (answer.headers["contract-version"], answer.headers["deprecation"]) == ("1", "@1767225600")
        assert parsedate_to_datetime(answer.headers["sunset"]) == datetime(2026, 3, 31, 16, tzinfo=UTC)
        other = await door.ask(_SHOPS, _ALL, **_V2)
        assert "sunset" not in other.headers
        offered = (await door.anonymous.get("/catalogue")).json()["offerings"]
        told = {one["provider"]: one["retiring"] for one in offered if "retiring" in one}
        assert {node: one[0]["ends_on"] for node, one in told.items()} == {SHOPS_WEST: str(_ENDS)}


@pytest.mark.parametrize(("east", "west"), [(True, True), (True, False), (None, True)])
async def test_who_names_no_version_is_answered_by_one_that_goes_on_everywhere(
    east: bool | None, west: bool | None
) -> None:
    async with open_door(_town(east=east, west=west)) as door:
        assert await _version(door) == "2"
        assert (await door.anonymous.get("/health")).json()["reasons"] == []


async def test_who_asks_for_one_that_is_retired_everywhere_is_told_so_by_its_nodes() -> None:
    async with open_door(_town(east=True, west=True)) as door:
        for verb, body in (("query", _ALL), ("lookup", {"record_ids": ["s00"]})):
            answer = await door.member.post(f"/records/trade/shops/{verb}", json=body, headers=_V1)
            assert (answer.status_code, answer.json()["code"]) == (410, "major-retired")
        claims = {"where": {"code": "s00"}, "claims": {"name": "x"}}
        answer = await door.member.post("/records/trade/shops/verify", json=claims, headers=_V1)
        assert (answer.status_code, answer.json()["code"]) == (410, "major-retired")
        assert (await door.anonymous.get("/records/trade/shops/s00", headers=_V1)).status_code == 410
        assert (await door.anonymous.get("/records/trade/shops/s00", headers=_V2)).status_code == 200


async def test_where_one_node_retired_it_the_others_answer_and_it_is_named() -> None:
    async with open_door(_town(east=True, west=None)) as door:
        answer = await door.ask(_SHOPS, _ALL, **_V1, **_ENVELOPE)
        assert not answer.json()["complete"]
        found = {one["node"]: (one["state"], one.get("code")) for one in answer.json()["sources"]}
        assert found == {SHOPS_EAST: ("forbidden", "major-retired"), SHOPS_WEST: ("found", None)}
        plain = await door.ask(_SHOPS, _ALL, **_V1)
        assert (plain.status_code, plain.json()["node"]) == (410, SHOPS_EAST)


async def test_an_embed_goes_by_a_major_that_goes_on_where_there_is_one() -> None:
    nodes = nodes_of_town()
    nodes[_LICENSING] = _in_two_majors(nodes[_LICENSING], _PERMITS, retired=True)
    async with open_door(nodes) as door:
        answer = await door.ask(_SHOPS, _WITH_PERMITS)
        assert answer.status_code == 200, answer.text
    assert {headers["contract-version"] for *_, headers, _ in nodes[_LICENSING].calls} == {"2"}


async def test_an_embed_whose_only_major_is_retired_is_named_as_what_is_missing() -> None:
    nodes = nodes_of_town()
    kept = nodes[_LICENSING]
    nodes[_LICENSING] = Node(kept.node, kept.records, kept.served, retiring={_PERMITS: _ending(retired=True)})
    async with open_door(nodes) as door:
        whole = await door.ask(_SHOPS, _WITH_PERMITS)
        assert (whole.status_code, whole.json()["code"], whole.json()["path"]) == (
            410,
            "major-retired",
            "permits",
        )
        part = await door.ask(_SHOPS, _WITH_PERMITS, **_ENVELOPE)
        assert [row["code"] for row in part.json()["data"]] == ["s00", "s01"]
        missing = [one for one in part.json()["sources"] if one["state"] == "forbidden"]
        assert [(one["node"], one["path"], one["code"]) for one in missing] == [
            (_LICENSING, "permits", "major-retired")
        ]
