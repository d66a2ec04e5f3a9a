"""One gateway over the town's five nodes, and the callers who ask it."""

import base64
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import httpx
import orjson
import pytest

from gateway.app import create_app
from gateway.plane import DataPlane
from gateway.settings import Settings
from gateway.watch import Watch
from schemas.trust import keys
from tests.gateway import town
from tests.gateway.in_process import InProcess
from tests.gateway.standin import Node

SHOPS_EAST, SHOPS_WEST = f"{town.EAST}.trade", f"{town.WEST}.trade"
_KINDS = {"licensing": "licensing", "revenue": "revenue", "roll": "roll"}


def token(member: str, **claims: str) -> str:
    """A text formed as a token, for the gateway does not check it; the stand-ins do not either."""
    said = base64.urlsafe_b64encode(orjson.dumps({"member": member, "sub": f"{member}/window", **claims}))
    return f"e30.{said.decode().rstrip('=')}.x"


def member_headers(member: str = "330200.approvals", **claims: str) -> dict[str, str]:
    return {
        "Authorization": f"Bearer {token(member, **claims)}",
        "Langqiao-Officer": "officer-1",
        "Langqiao-Purpose": "case:330200-2026-000001",
    }


def url(node: str) -> str:
    return f"http://{node}"


def nodes_of_town(records: Mapping[str, town.Rows] | None = None) -> dict[str, Node]:
    """The town's nodes by id: two keep the shops of their district, the others a kind each of the whole town."""
    held = records or town.records()
    shops = held["trade.shops"]
    found = {
        f"{district}.trade": Node(
            f"{district}.trade",
            {"trade.shops": [one for one in shops if one["district"] == district]},
            [town.contract("trade.shops")],
        )
        for district in (town.EAST, town.WEST)
    }
    for kind in ("licensing", "revenue", "roll"):
        datasets = [one for one in town.DATASETS if one.startswith(f"{kind}.")]
        kept = {one: held[one] for one in datasets}
        found[f"330200.{kind}"] = Node(f"330200.{kind}", kept, [town.contract(one) for one in datasets])
    return found


def settings_for(at: Mapping[str, Node], **changed: Any) -> Settings:
    """Those of a gateway that takes callers at their word, as the stand-ins do, unless said otherwise."""
    said: dict[str, Any] = {"division": "330200", "nodes": tuple(map(url, at)), "require_messages": False}
    return Settings(**said | changed)


@dataclass
class Clock:
    """The gateway's clock, moved by hand."""

    now: datetime = datetime(2026, 3, 1, 8, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now


@dataclass
class Door:
    """A running gateway: its key, its nodes, the way to them, and its two callers."""

    app: Any
    nodes: dict[str, Node]
    client: InProcess
    clock: Clock
    anonymous: httpx.AsyncClient
    member: httpx.AsyncClient
    key: keys.KeyPair

    @property
    def watch(self) -> Watch:
        """The gateway's own view of its nodes."""
        (plane,) = [one for one in self.app.router.routes if isinstance(one, DataPlane)]
        assert plane.gateway is not None
        return plane.gateway.watch

    async def ask(self, dataset: str, question: dict[str, Any], **headers: str) -> httpx.Response:
        """A member's question by POST."""
        return await self.member.post(
            f"/records/{dataset.replace('.', '/')}/query", json=question, headers=headers
        )


@asynccontextmanager
async def open_door(
    nodes: dict[str, Node], *, clock: Clock | None = None, **changed: Any
) -> AsyncIterator[Door]:
    """A gateway with a key over these nodes, with some settings changed."""
    client, clock = InProcess({url(name): one.app for name, one in nodes.items()}), clock or Clock()
    key = keys.new_key()
    with TemporaryDirectory() as folder:
        key_file = Path(folder) / "gateway.key.pem"
        key_file.write_bytes(keys.write_private(key))
        settings = settings_for(nodes, **{"key_file": key_file, **changed})
        app = create_app(settings, nodes=client, clock=clock)
    async with (
        app.router.lifespan_context(app),
        caller(app, {}) as anonymous,
        caller(app, member_headers()) as member,
    ):
        yield Door(app, nodes, client, clock, anonymous, member, key)


def caller(app: Any, headers: dict[str, str]) -> httpx.AsyncClient:
    """Somebody who asks this app, in process."""
    return httpx.AsyncClient(
        transport=httpx.ASGITransport(app=app), base_url="http://gateway", headers=headers
    )


@pytest.fixture
async def door() -> AsyncIterator[Door]:
    async with open_door(nodes_of_town()) as opened:
        yield opened
