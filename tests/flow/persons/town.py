"""Two vehicle offices and the gateway over them, each at a port of its own; they, and who calls, go by one clock."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import AsyncExitStack, contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import uvicorn
from fastapi import FastAPI

from gateway.app import create_app as create_gateway
from gateway.settings import Settings as GatewaySettings
from schemas.trust import keys, signed, token
from schemas.trust.about import PATH
from schemas.trust.keys import KeyPair
from schemas.trust.vouching import Vouched, vouch
from services.cli.world.processes import free_ports, listening
from services.client.signing import Signing
from services.engine.api.app import create_app
from services.engine.representation import Representation
from services.engine.settings import Settings
from tests import registered
from tests.services.engine.api import office
from tests.services.engine.api.conftest import WORD_SECONDS
from tests.waiting import until, until_sync

EAST, WEST = f"330203.{office.KIND}", f"330205.{office.KIND}"
GATEWAY = "330200.gateway"
DESK, WINDOW, POLICE = "330200.citizen_services/desk", "330200.approvals/window", "330200.police/desk"
SESSION, CASE = "identified:session-1", "case:330200-2026-000001"
LAW = "刑事诉讼法 第五十四条"
VEHICLES = f"/records/{office.KIND}/vehicles"
#: Red vehicles of the east say who represents the enterprise that owns them.
_REGISTER = Representation(f"{office.KIND}.vehicles", "owner_id", "owner_code", {"colour": "eq.red"})
_DEPARTMENTS = {EAST: replace(office.DEPARTMENT, represents=_REGISTER), WEST: office.DEPARTMENT}
_ROLES = {GATEWAY: "gateway", DESK: "citizen-services", f"{EAST}/node": "enterprise-register"}
_PATIENCE = 30.0
_ITSELF = "the system itself"


@dataclass
class Clock:
    """Everybody's clock, moved by hand; no two looks at it see one time."""

    now: datetime = field(default_factory=lambda: datetime.now(UTC))

    def __call__(self) -> datetime:
        self.now += timedelta(microseconds=1)
        return self.now


@dataclass
class Town:
    """The running town: `ports` by node id, `keys` by system."""

    folder: Path
    keys: dict[str, KeyPair]
    authority: KeyPair
    ports: dict[str, int]
    clock: Clock = field(default_factory=Clock)
    servers: dict[str, uvicorn.Server] = field(default_factory=dict)

    def url(self, node: str = GATEWAY) -> str:
        return f"http://127.0.0.1:{self.ports[node]}"

    def send(
        self,
        system: str,
        path: str,
        body: Any,
        purpose: str = CASE,
        node: str = GATEWAY,
        by: str | None = _ITSELF,
    ) -> httpx.Response:
        """A call that bears a system's token, signed by that system; or by another one, None: by nobody."""
        member, signer = system.partition("/")[0], system if by == _ITSELF else by
        text = token.make(self.keys[system], system=system, member=member, now=self.clock())
        said = {
            "Authorization": f"Bearer {text}",
            "Langqiao-Officer": "unit-3/officer-7",
            "Langqiao-Purpose": purpose,
        }
        signing = Signing(self.keys[signer], node=node, clock=self.clock) if signer else None
        return httpx.post(
            self.url(node) + path, json=body, headers=said, auth=signing, trust_env=False, timeout=_PATIENCE
        )

    def look_at(self, number: int, system: str = WINDOW, purpose: str = CASE, node: str = GATEWAY) -> None:
        """A system looks for the vehicles of a person."""
        body = {"select": "plate", "owner_id": f"eq.{office.owner_id(number)}"}
        assert self.send(system, f"{VEHICLES}/query", body, purpose, node).status_code == 200

    def about(self, number: int, enterprise: str | None = None, **more: Any) -> httpx.Response:
        """What the desk is told for a person whom it identified."""
        word = Vouched(DESK, office.owner_id(number), SESSION, self.clock(), enterprise)
        return self.send(DESK, PATH, {"vouched": vouch(word, self.keys[DESK]), **more}, SESSION)

    def told(self, number: int, **more: Any) -> list[dict[str, Any]]:
        answer = self.about(number, **more)
        assert answer.status_code == 200, answer.text
        assert answer.json()["complete"]
        entries: list[dict[str, Any]] = answer.json()["entries"]
        return entries

    def stop(self, node: str) -> None:
        """End one department's service."""
        self.servers[node].should_exit = True
        until_sync(lambda: not listening(self.ports[node]), _PATIENCE, f"{node} is gone")

    def pass_by(self, **time: int) -> None:
        self.clock.now += timedelta(**time)

    def settings(self, node: str) -> Settings:
        folder = self.folder / node
        return Settings(
            kind=office.KIND,
            division=node.partition(".")[0],
            contracts_dir=self.folder / "contracts",
            database_url=f"sqlite:///{folder / 'office.sqlite'}",
            registry_file=self.folder / "registry.jws",
            grants_file=self.folder / "grants.jws",
            authority_keys={self.authority.key_id: self.authority.public_hex},
            pseudonym_key_file=folder / "pseudonym.key",
            node_key_file=folder / "node.key.pem",
            registry_word_seconds=WORD_SECONDS,
            follow_registry=False,
            require_cases=False,
        )


@contextmanager
def running(folder: Path) -> Iterator[Town]:
    """The town with all its records and empty logs; everything ends with the block."""
    made = _made(folder)
    thread = threading.Thread(target=lambda: asyncio.run(_serve(made)), name="town", daemon=True)
    thread.start()
    try:
        until_sync(lambda: not thread.is_alive() or all(map(listening, made.ports.values())), _PATIENCE)
        assert thread.is_alive(), "the town did not start"
        until_sync(lambda: _ready(made), _PATIENCE, "the gateway knows both offices")
        yield made
    finally:
        for one in made.servers.values():
            one.should_exit = True
        thread.join()


def _ready(made: Town) -> bool:
    health = httpx.get(f"{made.url()}/health", trust_env=False)
    return health.status_code == 200 and all(one["ok"] for one in health.json()["nodes"].values())


def _made(folder: Path) -> Town:
    systems = [DESK, WINDOW, POLICE, GATEWAY, f"{EAST}/node", f"{WEST}/node"]
    own = {one: keys.new_key() for one in systems}
    authority = keys.new_key()
    office.write_contracts(folder / "contracts")
    for node in (EAST, WEST):
        (folder / node).mkdir()
        office.make_database(folder / node / "office.sqlite")
        (folder / node / "pseudonym.key").write_bytes(node.encode() * 2)
        (folder / node / "node.key.pem").write_bytes(keys.write_private(own[f"{node}/node"]))
    (folder / "gateway.key.pem").write_bytes(keys.write_private(own[GATEWAY]))
    ports = dict(zip((GATEWAY, EAST, WEST), free_ports(3), strict=True))
    town = Town(folder, own, authority, ports)
    for name, document in (("registry", _registry(own)), ("grants", _grants())):
        dates = {"number": 1, "issued": _day(-1), "expires": _day(90)}
        (folder / f"{name}.jws").write_text(signed.sign({**dates, **document}, authority))
    return town


def _registry(own: dict[str, KeyPair]) -> dict[str, Any]:
    members = [registered.line(system, key, role=_ROLES.get(system, "system")) for system, key in own.items()]
    return {"members": members}


def _grants() -> dict[str, Any]:
    """The window's ordinary grant, and two of the police: one that nobody is told of, and one after 30 days."""
    given = {"items": ["owner_id"], "purpose": "核验", "not_before": _day(-1), "expires": _day(90)}
    given |= {"dataset": f"{office.KIND}.vehicles"}
    police = {**given, "member": POLICE.partition("/")[0]}
    return {
        "grants": [
            {**given, "id": "G-1", "member": WINDOW.partition("/")[0]},
            {**police, "id": "P-1", "untold": LAW},
            {**police, "id": "P-2", "told_after_days": 30},
        ]
    }


def _day(offset: int) -> str:
    return (datetime.now(UTC) + timedelta(days=offset)).replace(microsecond=0).isoformat()


async def _serve(made: Town) -> None:
    async with AsyncExitStack() as stack:
        serving = []
        for node, department in _DEPARTMENTS.items():
            app = create_app(department, made.settings(node), clock=made.clock)
            serving.append(await _listening(stack, made, node, app))
        # Only now: a gateway that found nobody would look again a second later.
        settings = GatewaySettings(
            division="330200",
            nodes=(made.url(EAST), made.url(WEST)),
            key_file=made.folder / "gateway.key.pem",
            authority_keys={made.authority.key_id: made.authority.public_hex},
            registry_file=made.folder / "registry.jws",
            refresh_seconds=1,
        )
        gateway = create_gateway(settings, clock=made.clock)
        serving.append(await _listening(stack, made, GATEWAY, gateway))
        await asyncio.gather(*serving)


async def _listening(stack: AsyncExitStack, made: Town, node: str, app: FastAPI) -> asyncio.Task[None]:
    """The app at the node's port, until its server is told to end."""
    await stack.enter_async_context(app.router.lifespan_context(app))
    config = uvicorn.Config(
        app,
        port=made.ports[node],
        lifespan="off",
        log_config=None,
        access_log=False,
        ws="none",
        timeout_graceful_shutdown=2,
    )
    server = made.servers[node] = uvicorn.Server(config)
    serving = asyncio.create_task(server.serve())
    await until(lambda: server.started, what=f"{node} listens")
    return serving
