"""The member registry at a gateway: taken from whoever brings it, handed on to every node until it has it."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gateway.app import create_app
from gateway.settings import Settings
from schemas.trust import handing, keys
from schemas.trust.holding import LARGEST_BYTES, Held, nothing, taken
from schemas.trust.signed import DocumentRefused
from schemas.wire.problem import MEDIA_TYPE
from tests.gateway.conftest import caller
from tests.gateway.in_process import InProcess
from tests.schemas.trust.registries import NOW, registry, trusting, word
from tests.waiting import until

_AUTHORITY = keys.new_key()
_LATER = NOW + timedelta(minutes=5)


@dataclass
class Keeper:
    """A node that keeps the registry in memory, and answers nothing else. `came` counts the texts."""

    held: Held = field(default_factory=lambda: nothing(trusting(_AUTHORITY)))
    came: int = 0

    @property
    def app(self) -> Starlette:
        return Starlette(routes=[Route(handing.PATH, self.take, methods=["POST"])])

    async def take(self, request: Request) -> Response:
        self.came += 1
        try:
            self.held = taken(self.held, handing.text_of(await request.body()), _now())
        except DocumentRefused as fault:
            problem = handing.refusal(fault, self.held)
            return Response(problem.body(), problem.status, media_type=MEDIA_TYPE)
        return Response(handing.answer(self.held), media_type="application/json")

    def has(self, number: int) -> bool:
        return self.held.registry.number == number


def _now() -> datetime:
    return _LATER


@dataclass
class Door:
    """A running gateway that hands on to keepers, and whoever brings it something."""

    app: Any
    client: InProcess
    anyone: httpx.AsyncClient

    async def bring(self, text: str | bytes) -> httpx.Response:
        return await self.anyone.post(handing.PATH, content=text)

    async def facts(self) -> Any:
        return (await self.anyone.get("/health")).json()["registry"]


@asynccontextmanager
async def door_to(apps: Mapping[str, Any], **changed: Any) -> AsyncIterator[Door]:
    """A gateway over these addresses, which looks for nodes that are away each second."""
    told: dict[str, Any] = {"authority_keys": trusting(_AUTHORITY), "refresh_seconds": 1}
    settings = Settings(division="330200", nodes=tuple(apps), **{**told, **changed})
    client = InProcess(apps)
    app = create_app(settings, nodes=client, clock=_now)
    async with app.router.lifespan_context(app), caller(app, {}) as anyone:
        yield Door(app, client, anyone)


@pytest.fixture
def keepers() -> dict[str, Keeper]:
    return {f"http://node{number}": Keeper() for number in (1, 2)}


@pytest.fixture
async def door(keepers: dict[str, Keeper]) -> AsyncIterator[Door]:
    async with door_to({url: one.app for url, one in keepers.items()}) as opened:
        yield opened


async def test_what_comes_is_handed_on_to_every_node(door: Door, keepers: dict[str, Keeper]) -> None:
    answer = await door.bring(registry(1, _AUTHORITY))
    assert (answer.status_code, answer.json()["number"]) == (200, 1)
    await until(lambda: all(one.has(1) for one in keepers.values()), timeout=5)
    await door.bring(registry(2, _AUTHORITY))
    await until(lambda: all(one.has(2) for one in keepers.values()), timeout=5)
    await until(lambda: _behind(door, []))
    await door.bring(word(2, _AUTHORITY, _LATER))
    await until(lambda: all(one.held.heard == _LATER for one in keepers.values()), timeout=5)
    assert [one.came for one in keepers.values()] == [3, 3], "each text once"


async def test_gateways_hand_it_on_to_any_depth(door: Door, keepers: dict[str, Keeper]) -> None:
    async with door_to({"http://city": door.app}) as province:
        await province.bring(registry(4, _AUTHORITY))
        await until(lambda: all(one.has(4) for one in keepers.values()), timeout=5)


async def test_a_node_that_was_away_is_told_when_it_is_back(door: Door, keepers: dict[str, Keeper]) -> None:
    away, there = keepers
    door.client.away.add(away)
    await door.bring(registry(1, _AUTHORITY))
    await until(lambda: keepers[there].has(1))
    await until(lambda: _behind(door, [away]))
    door.client.away.clear()
    await until(lambda: keepers[away].has(1), timeout=5)


async def test_a_node_that_lost_what_it_had_is_told_again_with_the_next_word(
    door: Door, keepers: dict[str, Keeper]
) -> None:
    await door.bring(registry(1, _AUTHORITY))
    await until(lambda: _behind(door, []))
    lost = next(iter(keepers.values()))
    lost.held = nothing(trusting(_AUTHORITY))
    await door.bring(word(1, _AUTHORITY, _LATER))
    await until(lambda: lost.held.heard == _LATER, timeout=5)


async def test_a_node_that_has_a_newer_one_is_left_alone(door: Door, keepers: dict[str, Keeper]) -> None:
    for one in keepers.values():
        one.held = taken(one.held, registry(9, _AUTHORITY), _now())
    await door.bring(registry(8, _AUTHORITY))
    await until(lambda: _behind(door, []))
    assert all(one.has(9) for one in keepers.values())


async def test_a_node_that_refuses_keeps_nobody_else_waiting(keepers: dict[str, Keeper]) -> None:
    refusing, taking = keepers
    keepers[refusing].held = nothing({})
    async with door_to({url: one.app for url, one in keepers.items()}) as door:
        await door.bring(registry(1, _AUTHORITY))
        await until(lambda: keepers[taking].has(1), timeout=5)
        assert await _behind(door, [refusing])


@pytest.mark.parametrize(
    ("sent", "status", "reason"),
    [
        (registry(3, keys.new_key()), 400, "unknown-key"),
        (registry(1, _AUTHORITY), 409, "older"),
        (registry(2, _AUTHORITY, members=[]), 409, "contradicts"),
        (registry(3, _AUTHORITY, expires=NOW.isoformat()), 400, "expired"),
        ("a.b.c", 400, "malformed"),
        (b"\xff", 400, "malformed"),
        (word(2, keys.new_key()), 400, "unknown-key"),
    ],
    ids=["forged", "older", "contradicting", "expired", "corrupt", "no text", "forged word"],
)
async def test_what_is_refused_is_said_and_goes_no_further(
    door: Door, keepers: dict[str, Keeper], sent: str | bytes, status: int, reason: str
) -> None:
    await door.bring(registry(2, _AUTHORITY))
    await until(lambda: _behind(door, []))
    answer = await door.bring(sent)
    assert (answer.status_code, answer.json()["reason"], answer.json()["number"]) == (status, reason, 2)
    facts = await door.facts()
    assert facts["number"] == 2
    assert reason == "malformed" or facts["refused"]["reason"] == reason
    assert [one.came for one in keepers.values()] == [1, 1]


async def test_what_is_too_large_for_a_registry_is_not_read(door: Door) -> None:
    assert (await door.bring(b"x" * (LARGEST_BYTES + 1))).status_code == 413


async def test_a_gateway_that_knows_no_authority_takes_none(keepers: dict[str, Keeper]) -> None:
    async with door_to({url: one.app for url, one in keepers.items()}, authority_keys={}) as door:
        assert (await door.bring(registry(1, _AUTHORITY))).json()["reason"] == "unknown-key"
        assert (await door.facts())["number"] == 0


async def test_a_restart_hands_on_what_the_file_keeps(tmp_path: Path, keepers: dict[str, Keeper]) -> None:
    kept = {"registry_file": tmp_path / "registry.jws"}
    async with door_to({}, **kept) as door:
        await door.bring(registry(3, _AUTHORITY))
        await door.bring(word(3, _AUTHORITY, _LATER))
    async with door_to({url: one.app for url, one in keepers.items()}, **kept):
        await until(lambda: all(one.held.heard == _LATER for one in keepers.values()), timeout=5)


@pytest.mark.parametrize("left", ["", "half a regis", None])
async def test_a_file_that_holds_no_registry_is_none(tmp_path: Path, left: str | None) -> None:
    path = tmp_path / "registry.jws"
    if left is not None:
        path.write_text(left)
    async with door_to({}, registry_file=path) as door:
        assert (await door.facts())["number"] == 0


async def test_what_cannot_be_kept_is_not_in_force(tmp_path: Path) -> None:
    async with door_to({}, registry_file=tmp_path / "none" / "registry.jws") as door:
        answer = await door.bring(registry(3, _AUTHORITY))
        assert (answer.status_code, answer.json()["code"]) == (503, "not-ready")
        assert (await door.facts())["number"] == 0


async def _behind(door: Door, nodes: list[str]) -> bool:
    return bool((await door.facts())["behind"] == nodes)
