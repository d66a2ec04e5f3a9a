"""One running node over a fresh SQLite file, and the callers who ask it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI

from schemas.trust import keys, signed, token
from services.engine.api.app import create_app
from services.engine.settings import Settings
from tests import registered
from tests.clock import Clock
from tests.messages import Messages
from tests.services.engine.api import office

CASE = "case:330203-2026-000001"
ASKER = "330203.approvals"
OTHER_NODE = "330203.taxation"
GATEWAY = "330203.gateway"
#: A registry that was issued yesterday is word enough, however far a test moves the clock.
WORD_SECONDS = 400 * 86_400
CITIZENS = "330203.citizen_services"
_ROLES = {
    GATEWAY: "gateway",
    f"{CITIZENS}/window": "citizen-services",
    f"{office.OWNER}/node": "enterprise-register",
}


@dataclass(frozen=True)
class Trust:
    """An authority, the systems it registers, and the folder of its signed files."""

    folder: Path
    authority: keys.KeyPair
    systems: dict[str, keys.KeyPair]

    def headers(
        self, member: str, purpose: str | None = CASE, officer: str | None = "officer-1"
    ) -> dict[str, str]:
        system = f"{member}/window"
        text = token.make(self.systems[system], system=system, member=member, now=datetime.now(UTC))
        said = {"Langqiao-Officer": officer, "Langqiao-Purpose": purpose}
        return {"Authorization": f"Bearer {text}", **{name: value for name, value in said.items() if value}}


def make_trust(folder: Path) -> Trust:
    """New keys, and the registry and grants that the authority signed."""
    folder.mkdir()
    authority = keys.new_key()
    systems = {f"{member}/window": keys.new_key() for member in (ASKER, office.OWNER, CITIZENS)}
    systems |= {f"{node}/node": keys.new_key() for node in (office.OWNER, OTHER_NODE)}
    systems |= {GATEWAY: keys.new_key()}
    dates = {"issued": _day(-1), "expires": _day(30)}
    members = [
        registered.line(system, key, role=_ROLES.get(system, "system")) for system, key in systems.items()
    ]
    grant = {
        "id": "G-1",
        "member": ASKER,
        "dataset": f"{office.KIND}.vehicles",
        "items": ["owner_id"],
        "purpose": "核验",
        "not_before": _day(-1),
        "expires": _day(30),
        "rows": "colour.eq.red",
    }
    registry = {"number": 1, **dates, "members": members}
    (folder / "registry.jws").write_text(signed.sign(registry, authority))
    (folder / "grants.jws").write_text(signed.sign({"number": 1, **dates, "grants": [grant]}, authority))
    return Trust(folder, authority, systems)


def make_settings(folder: Path, trust: Trust) -> Settings:
    """The office's database, contracts and secrets in a folder, and the settings that name them."""
    office.write_contracts(folder / "contracts")
    database = folder / "office.sqlite"
    office.make_database(database)
    (folder / "pseudonym.key").write_bytes(b"p" * 32)
    return Settings(
        kind=office.KIND,
        division=office.DIVISION,
        contracts_dir=folder / "contracts",
        database_url=f"sqlite:///{database}",
        registry_file=trust.folder / "registry.jws",
        grants_file=trust.folder / "grants.jws",
        authority_keys={trust.authority.key_id: trust.authority.public_hex},
        pseudonym_key_file=folder / "pseudonym.key",
        registry_word_seconds=WORD_SECONDS,
        follow_registry=False,
        require_cases=False,
        page_rows=10,
        max_rows=25,
    )


@pytest.fixture
def trust(tmp_path: Path) -> Trust:
    return make_trust(tmp_path / "trust")


@pytest.fixture
def settings(tmp_path: Path, trust: Trust) -> Settings:
    return make_settings(tmp_path, trust)


@pytest.fixture
def signing(settings: Settings, trust: Trust, tmp_path: Path) -> Settings:
    """The same node with a key of its own."""
    path = tmp_path / "node.key.pem"
    path.write_bytes(keys.write_private(trust.systems[f"{office.OWNER}/node"]))
    return settings.model_copy(update={"node_key_file": path})


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def app(settings: Settings, clock: Clock) -> AsyncIterator[FastAPI]:
    made = create_app(office.DEPARTMENT, settings, clock=clock)
    async with made.router.lifespan_context(made):
        yield made


@asynccontextmanager
async def running(made: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    """An app of a test's own, running, asked by nobody in particular."""
    async with made.router.lifespan_context(made), client_of(made, {}) as client:
        yield client


@pytest.fixture
async def anonymous(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    async with client_of(app, {}) as client:
        yield client


@pytest.fixture
async def member(app: FastAPI, trust: Trust) -> AsyncIterator[httpx.AsyncClient]:
    """Another department's window, with a case but no grant named."""
    async with client_of(app, trust.headers(ASKER), trust) as client:
        yield client


@pytest.fixture
async def granted(app: FastAPI, trust: Trust) -> AsyncIterator[httpx.AsyncClient]:
    """The same window, naming the grant for owner_id of red vehicles."""
    async with client_of(app, trust.headers(ASKER, purpose="grant:G-1"), trust) as client:
        yield client


@pytest.fixture
async def owner(app: FastAPI, trust: Trust) -> AsyncIterator[httpx.AsyncClient]:
    """One of the office's own systems."""
    async with client_of(app, trust.headers(office.OWNER), trust) as client:
        yield client


async def ready(client: httpx.AsyncClient) -> bool:
    return (await client.get("/health")).status_code == 200


async def reasons(client: httpx.AsyncClient) -> str:
    """Why the node is not ready, or is worse off."""
    return " ".join((await client.get("/health")).json()["reasons"])


def client_of(app: FastAPI, headers: dict[str, str], trust: Trust | None = None) -> httpx.AsyncClient:
    """Somebody who asks this app, in process, and signs calls with the keys of `trust`."""
    transport = httpx.ASGITransport(app=app)
    auth = Messages(trust.systems.values()) if trust is not None else None
    return httpx.AsyncClient(transport=transport, base_url="http://office", headers=headers, auth=auth)


def _day(offset: int) -> str:
    return (datetime.now(UTC) + timedelta(days=offset)).replace(microsecond=0).isoformat()
