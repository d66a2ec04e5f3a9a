"""Departments and a gateway running in process over declared datasets, and the registry and grants that a test
gives."""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
from fastapi import FastAPI

from gateway.app import create_app as create_gateway
from gateway.settings import Settings as GatewaySettings
from schemas.trust import keys, signed
from services.engine.api.app import create_app
from services.engine.node import Node
from services.engine.settings import Settings
from tests import registered
from tests.flow.access.declared import Dataset, Record, department, fill, make_tables, write_contracts
from tests.flow.federation.running import InProcessNodes
from tests.link_keys import keys_file, write_keys

GATEWAY = "330200.gateway"
#: Who keeps cases, who identifies persons, and the node of who says whom an enterprise is represented by.
CASES, DESK, REGISTER = "330200.window/cases", "330200.hall/desk", "330203.market/node"
_ROLES = {GATEWAY: "gateway", CASES: "cases", DESK: "citizen-services", REGISTER: "enterprise-register"}
#: Checks of a healthy node only take time from its answers; tests have files read again themselves.
_SELDOM = 3_600


@dataclass
class Clock:
    """Everybody's clock, moved by hand."""

    start: datetime = field(default_factory=lambda: datetime.now(UTC).replace(microsecond=0))
    now: datetime = field(init=False)

    def __post_init__(self) -> None:
        self.now = self.start

    def __call__(self) -> datetime:
        return self.now


@dataclass
class Trust:
    """The authority, everybody's keys by system, and the two signed files that all nodes read."""

    folder: Path
    clock: Clock
    systems: Mapping[str, keys.KeyPair]
    authority: keys.KeyPair = field(default_factory=keys.new_key)
    stranger: keys.KeyPair = field(default_factory=keys.new_key)

    def write_registry(self, **changed: Any) -> None:
        """`without` leaves systems out, `by` signs with another key, `raw` is written as it is; the rest are members
        of the document."""
        without, by, raw = (changed.pop(name, None) for name in ("without", "by", "raw"))
        listed = [self._line(one) for one in self.systems if one not in (without or ())]
        document = {**self._dates(), "members": listed, **changed}
        self._write("registry.jws", document, by, raw)

    def write_grants(self, grants: Sequence[Mapping[str, Any]], **changed: Any) -> None:
        by, raw = (changed.pop(name, None) for name in ("by", "raw"))
        self._write("grants.jws", {**self._dates(), "grants": list(grants), **changed}, by, raw)

    def in_days(self, days: int) -> str:
        return (self.clock.start + timedelta(days=days)).isoformat()

    def _write(self, name: str, document: Mapping[str, Any], by: str | None, raw: str | None) -> None:
        key = {None: self.authority, "stranger": self.stranger}.get(by)
        text = signed.sign(document, key or self.systems[str(by)]) if raw is None else raw
        (self.folder / name).write_text(text)

    def _dates(self) -> dict[str, Any]:
        return {"number": 5, "issued": self.in_days(0), "expires": self.in_days(30)}

    def _line(self, system: str) -> dict[str, Any]:
        return registered.line(system, self.systems[system], role=_ROLES.get(system, "system"))


@dataclass
class World:
    """Running departments by member id, and a gateway over all of them."""

    trust: Trust
    clock: Clock
    nodes: InProcessNodes
    settings: Mapping[str, Settings]
    gateway: FastAPI

    def app(self, member: str) -> FastAPI:
        return self.nodes.apps[_url(member)]

    def node(self, member: str) -> Node:
        """The running node itself."""
        found = self.app(member).plane.node  # type: ignore[attr-defined]
        assert isinstance(found, Node)
        return found

    def refresh(self) -> None:
        """What the health checks do: take up changed files."""
        for member in self.settings:
            self.node(member).gate.refresh()

    async def ask(self, whom: str, request: httpx.Request) -> httpx.Response:
        """The answer of a department or of the gateway; by the transport itself, as a client would first read the
        system's certificates."""
        app = self.gateway if whom == "gateway" else self.app(whom)
        answer = await httpx.ASGITransport(app=app).handle_async_request(request)
        await answer.aread()
        return answer


@asynccontextmanager
async def running(
    folder: Path,
    trust: Trust,
    kept: Mapping[str, Sequence[Dataset]],
    records: Callable[[str], Mapping[str, Sequence[Record]]],
    **changed: Any,
) -> AsyncIterator[World]:
    """Each member of `kept` with its datasets and records, and the gateway. The signed files are the test's own."""
    async with AsyncExitStack() as stack:
        apps, all_settings = {}, {}
        for member, datasets in kept.items():
            home = folder / member
            home.mkdir()
            url = await make_tables(home / "own.sqlite", records(member), *datasets)
            write_contracts(home / "contracts", datasets)
            all_settings[member] = settings = _settings(home, member, url, trust, changed)
            app = create_app(department(datasets), settings, clock=trust.clock)
            await stack.enter_async_context(app.router.lifespan_context(app))
            apps[_url(member)] = app
        write_keys(folder, [folder / member / "contracts" for member in kept], kept)
        nodes = InProcessNodes(apps)
        (folder / "gateway.pem").write_bytes(keys.write_private(trust.systems[GATEWAY]))
        gateway = create_gateway(
            GatewaySettings(
                division="330200",
                nodes=tuple(apps),
                key_file=folder / "gateway.pem",
                authority_keys={trust.authority.key_id: trust.authority.public_hex},
                registry_file=trust.folder / "registry.jws",
            ),
            nodes=nodes,
            clock=trust.clock,
        )
        await stack.enter_async_context(gateway.router.lifespan_context(gateway))
        nodes.calls.clear()
        yield World(trust, trust.clock, nodes, all_settings, gateway)


async def refilled(
    world: World, member: str, records: Mapping[str, Sequence[Record]], *kept: Dataset
) -> None:
    """Other records in a department's tables, as a program of its own would put them there."""
    url = world.settings[member].database_url.get_secret_value()
    await fill(Path(url.removeprefix("sqlite:///")), records, *kept)


def _url(member: str) -> str:
    return f"http://{member}"


def _settings(home: Path, member: str, url: str, trust: Trust, changed: Mapping[str, Any]) -> Settings:
    division, _, kind = member.partition(".")
    (home / "pseudonym.key").write_bytes(b"p" * 32)
    return Settings(
        kind=kind,
        division=division,
        contracts_dir=home / "contracts",
        database_url=url,
        registry_file=trust.folder / "registry.jws",
        grants_file=trust.folder / "grants.jws",
        authority_keys={trust.authority.key_id: trust.authority.public_hex},
        pseudonym_key_file=home / "pseudonym.key",
        link_keys_file=keys_file(home.parent, member),
        # Issued days ago, and nobody confirms it here.
        registry_word_seconds=400 * 86_400,
        follow_registry=False,
        check_seconds=_SELDOM,
        **{"require_cases": False, **changed},
    )
