"""What persons ask of a gateway: pages over all departments, through gateways below, with the state of each source."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.app import create_app
from gateway.peers import Peer, judge_entries
from gateway.plane import DataPlane
from gateway.sources import Missing
from schemas.trust import keys
from schemas.trust.about import LAST, PATH, Ask
from schemas.trust.vouching import Vouched, vouch
from schemas.wire.problem import Problem
from tests.gateway.conftest import Clock, caller, member_headers, settings_for, url
from tests.gateway.in_process import InProcess, garbled
from tests.gateway.logs import LogNode, entries

EAST, WEST, SOUTH = "330203.trade", "330205.trade", "330206.trade"
ABOVE, BELOW = "330200.gateway", "330203.gateway"


@dataclass
class Door:
    """A running gateway, the way to its nodes, and who asks it."""

    app: Any
    client: InProcess
    http: httpx.AsyncClient

    async def ask(self, **more: Any) -> httpx.Response:
        return await self.http.post(PATH, json={"vouched": "a.b.c", **more})

    async def look_around(self) -> None:
        """Ask every node for its catalogue now."""
        (plane,) = [one for one in self.app.router.routes if isinstance(one, DataPlane)]
        assert plane.gateway is not None
        await plane.gateway.watch.refresh()


@asynccontextmanager
async def opened(node: str, nodes: Mapping[str, Any]) -> AsyncIterator[Door]:
    """A gateway over nodes, each with an `app`."""
    client = InProcess({url(name): one.app for name, one in nodes.items()})
    said = settings_for({}, division=node[:6], nodes=tuple(map(url, nodes)))
    app = create_app(said, nodes=client, clock=Clock())
    async with app.router.lifespan_context(app), caller(app, member_headers()) as http:
        yield Door(app, client, http)


async def pages(door: Door, limit: int) -> list[tuple[str, int]]:
    """Every entry of every page, in their order."""
    found: list[tuple[str, int]] = []
    before: dict[str, int] | None = {}
    while before is not None:
        answer = (await door.ask(limit=limit, before=before)).json()
        assert answer["complete"], answer
        assert answer["next"] is None or len(answer["entries"]) == limit
        found += [(one["node"], one["entry"]) for one in answer["entries"]]
        before = answer["next"]
    return found


def expected(*nodes: LogNode) -> list[tuple[str, int]]:
    told = [one for node in nodes for one in node.entries]
    return [(one["node"], one["entry"]) for one in sorted(told, key=lambda one: str(one["at"]), reverse=True)]


def word(enterprise: str | None = None) -> str:
    said = Vouched("d/desk", "330102199003070019", "identified:1", Clock().now, enterprise)
    return vouch(said, keys.new_key())


@settings(max_examples=20)
@given(
    times=st.lists(st.integers(0, 59), unique=True, max_size=20),
    cuts=st.tuples(st.integers(0, 20), st.integers(0, 20)),
    limit=st.integers(1, 8),
)
def test_pages_hold_every_entry_once_newest_first_also_through_a_gateway_below(
    times: list[int], cuts: tuple[int, int], limit: int
) -> None:
    first, second = sorted(cuts)
    parts = (times[:first], times[first:second], times[second:])
    nodes = [
        LogNode(node, entries(node, *part)) for node, part in zip((EAST, WEST, SOUTH), parts, strict=True)
    ]

    async def told() -> list[tuple[str, int]]:
        async with (
            opened(BELOW, {one.node: one for one in nodes[1:]}) as below,
            opened(ABOVE, {EAST: nodes[0], BELOW: below}) as above,
        ):
            return await pages(above, limit)

    assert asyncio.run(told()) == expected(*nodes)


async def test_a_department_behind_two_gateways_is_told_once() -> None:
    node = LogNode(EAST, entries(EAST, 1, 2, 3))
    async with opened(BELOW, {EAST: node}) as below, opened(ABOVE, {EAST: node, BELOW: below}) as above:
        assert await pages(above, 2) == expected(node)


async def test_gateways_in_a_circle_ask_each_department_once() -> None:
    east, west = LogNode(EAST, entries(EAST, 1, 3)), LogNode(WEST, entries(WEST, 2))
    placeholder = LogNode(ABOVE)
    async with (
        opened(BELOW, {WEST: west, ABOVE: placeholder}) as below,
        opened(ABOVE, {EAST: east, BELOW: below}) as above,
    ):
        below.client.apps = {**below.client.apps, url(ABOVE): above.app}
        await below.look_around()
        assert await pages(above, 10) == expected(east, west)
        assert (len(east.asked), len(west.asked)) == (1, 1)


async def test_a_node_that_is_away_slow_or_lies_is_named_and_the_others_are_told() -> None:
    nodes = {one: LogNode(one, entries(one, 1, 2)) for one in (EAST, WEST, SOUTH)}
    async with opened(ABOVE, nodes) as door:
        door.client.away.add(url(WEST))
        door.client.changes[url(SOUTH)] = garbled
        answer = (await door.ask()).json()
        states = {one["node"]: (one["state"], one.get("code")) for one in answer["sources"]}
        assert states == {
            EAST: ("found", None),
            WEST: ("down", "no-connection"),
            SOUTH: ("faulty", "source-faulty"),
        }
        assert (answer["complete"], len(answer["entries"])) == (False, 2)


async def test_a_node_that_was_never_met_is_missing_too() -> None:
    async with opened(ABOVE, {EAST: LogNode(EAST), WEST: LogNode(SOUTH), SOUTH: LogNode(SOUTH)}) as door:
        answer = (await door.ask()).json()
    # The second that calls itself as another does is not asked either: nobody knows which of them is who it says.
    states = {one["node"]: one["state"] for one in answer["sources"]}
    assert states == {EAST: "not_found", SOUTH: "not_found", url(SOUTH): "down"}
    assert not answer["complete"]


_LIES: dict[str, Any] = {
    "another's entry": entries(WEST, 1),
    "an entry twice": entries(EAST, 1) * 2,
    "the oldest first": entries(EAST, 1, 2)[::-1],
    "no number": [{"node": EAST, "at": "2026-03-01T08:00:00.000000Z"}],
    "no entries at all": None,
}


async def test_a_department_speaks_of_its_own_log_alone_and_in_order() -> None:
    for how, told in _LIES.items():
        node, other = LogNode(EAST, lie={"entries": told}), LogNode(WEST, entries(WEST, 9))
        async with opened(ABOVE, {EAST: node, WEST: other}) as door:
            answer = (await door.ask()).json()
        assert [one["state"] for one in answer["sources"]] == ["faulty", "found"], how
        assert [one["node"] for one in answer["entries"]] == [WEST], how


async def test_what_all_departments_refuse_is_refused() -> None:
    refusal = Problem("vouching-required", "The calling system is not one that identifies persons.")
    nodes = {one: LogNode(one, refusal=refusal) for one in (EAST, WEST)}
    async with opened(ABOVE, nodes) as door:
        answer = await door.ask()
        assert (answer.status_code, answer.json()["code"]) == (403, "vouching-required")
        async with caller(door.app, {}) as anonymous:
            answer = await anonymous.post(PATH, json={"vouched": "a"})
            assert (answer.status_code, answer.json()["code"]) == (401, "token-required")
        assert (await door.http.get(PATH)).status_code == 405


async def test_the_words_of_registers_go_to_every_department_through_gateways() -> None:
    east, west = LogNode(EAST, entries(EAST, 1), mandates=["e.m.1"]), LogNode(WEST, entries(WEST, 2))
    async with opened(BELOW, {EAST: east}) as below, opened(ABOVE, {WEST: west, BELOW: below}) as above:
        answer = await above.ask(vouched=word("91330100MA0TEXT128"))
        assert answer.json()["complete"], answer.text
    assert [one.asked[-1]["mandates"] for one in (east, west)] == [["e.m.1"]] * 2


@pytest.mark.parametrize("lie", [[""], ["a"] * 2, ["a" * 5_000], [5]], ids=["empty", "two", "long", "number"])
async def test_a_register_that_lies_harms_no_word_of_another(lie: list[Any]) -> None:
    east, west = LogNode(EAST, mandates=lie), LogNode(WEST, entries(WEST, 1), mandates=["w.m.1"])
    async with opened(ABOVE, {EAST: east, WEST: west}) as door:
        answer = await door.ask(vouched=word("91330100MA0TEXT128"))
    assert [one["node"] for one in answer.json()["entries"]] == [WEST], answer.text
    assert west.asked[-1]["mandates"] == ["w.m.1"]


def test_no_gateway_gives_an_entry_after_which_nobody_could_ask_on() -> None:
    peer, entry = (
        Peer("http://below", BELOW, gateway=True),
        {"node": EAST, "at": "2026-03-01T08:00:00.000000Z"},
    )
    assert judge_entries(peer, Ask("a"), {"entries": [{**entry, "entry": LAST}]})
    with pytest.raises(Missing):
        judge_entries(peer, Ask("a"), {"entries": [{**entry, "entry": LAST + 1}]})


async def test_without_a_registers_word_nobody_is_asked_and_a_register_that_is_away_is_named() -> None:
    east, west = LogNode(EAST, entries(EAST, 1), mandates=[]), LogNode(WEST, entries(WEST, 2))
    async with opened(BELOW, {EAST: east}) as below, opened(ABOVE, {WEST: west, BELOW: below}) as above:
        refused = await above.ask(vouched=word("91330100MA0TEXT128"))
        assert (refused.status_code, refused.json()["code"]) == (403, "not-represented")
        below.client.away.add(url(EAST))
        away = await above.ask(vouched=word("91330100MA0TEXT128"))
        assert (away.status_code, away.json()["code"]) == (503, "source-missing")
        assert [one["node"] for one in away.json()["sources"]] == [EAST]
    assert east.asked == west.asked == []
