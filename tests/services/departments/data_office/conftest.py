"""One running office over a fresh SQLite file, and the members who take steps there."""

import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest
import pytest_asyncio
from fastapi import FastAPI

from schemas.trust import grants, keys, signed, token
from schemas.trust.grants import Grants
from services.cli.world.seeding import seed
from services.departments.data_office.app import DEPARTMENT
from services.engine.api.app import create_app
from services.engine.settings import Settings
from services.engine.synthetic.population import Size
from tests import registered
from tests.clock import Clock
from tests.messages import Messages

DIVISION = "330200"
OFFICE = f"{DIVISION}.data_office"
REQUESTER = f"{DIVISION}.approvals"
PROVIDER = f"{DIVISION}.market_regulation"
OTHER = f"{DIVISION}.taxation"
CASE = "case:330200-2026-000001"
GRANTS_KEY = f"{OFFICE}/grants"
#: A complete application for items that are shared without condition.
FREE: dict[str, Any] = {
    "dataset": "market_regulation.legal_representatives",
    "items": ["credit_code", "position"],
    "legal_basis": "行政许可法 第三十四条",
    "scenario": "受理审查",
    "purpose": "核验任职",
    "mode": "service interface",
    "until": "2036-12-31",
    "head": "head-1",
}
#: The same for items on condition.
ASKED = {**FREE, "items": ["credit_code", "name", "id_number"]}
#: An item that is reported as wrong.
FILING: dict[str, Any] = {
    "dataset": "market_regulation.enterprises",
    "record": "91330281MA0000189M",
    "item": "address",
    "epoch": 1,
    "version": 3,
    "reason": "已搬迁",
}


@dataclass(frozen=True)
class Trust:
    """The authority, the systems that it registers, and the signed registry."""

    registry: Path
    authority: keys.KeyPair
    systems: dict[str, keys.KeyPair]


@dataclass(frozen=True)
class Bureau:
    """An office's app, and clients for it."""

    app: FastAPI
    trust: Trust

    def client(self, member: str, officer: str = "officer-1", system: str | None = None) -> httpx.AsyncClient:
        """A member's system, as which an officer acts."""
        named = system or f"{member}/window"
        text = token.make(self.trust.systems[named], system=named, member=member, now=datetime.now(UTC))
        headers = {
            "Authorization": f"Bearer {text}",
            "Langqiao-Officer": officer,
            "Langqiao-Purpose": CASE,
        }
        auth = Messages(self.trust.systems.values())
        transport = httpx.ASGITransport(app=self.app)
        return httpx.AsyncClient(transport=transport, base_url="http://office", headers=headers, auth=auth)

    async def take(
        self, member: str, path: str, body: dict[str, Any] | None = None, key: str = "", **who: str
    ) -> httpx.Response:
        """A step by a member, at /office/<path>, under an idempotency key where it has one."""
        headers = {"Idempotency-Key": key} if key else {}
        async with self.client(member, **who) as client:
            return await client.post(f"/office/{path}", json=body or {}, headers=headers)

    async def grants(self, member: str) -> Grants:
        """What a department is told that it granted."""
        async with self.client(member) as client:
            answer = await client.get(f"/office/grants/{member}")
        assert answer.status_code == 200, answer.text
        key = self.trust.systems[GRANTS_KEY]
        return grants.from_document(signed.read(answer.text, {key.key_id: key.public_hex}), member)

    async def read(self, path: str, member: str = OTHER) -> list[dict[str, Any]]:
        """Records as any member reads them, at /records/data_office/<path>."""
        async with self.client(member) as client:
            answer = await client.get(f"/records/data_office/{path}")
            assert answer.status_code == 200, answer.text
            found: list[dict[str, Any]] = answer.json()
            return found


def make_trust(folder: Path, **further: str) -> Trust:
    """New keys, and the registry that the authority signed; `further` systems with their roles."""
    authority = keys.new_key()
    members = (REQUESTER, PROVIDER, OTHER, OFFICE)
    systems = {f"{member}/window": keys.new_key() for member in members}
    systems |= {f"{OFFICE}/node": keys.new_key(), GRANTS_KEY: keys.new_key()}
    systems |= {system: keys.new_key() for system in further}
    roles = {GRANTS_KEY: "office", f"{OFFICE}/node": "node", **further}
    lines = [
        registered.line(system, key, role=roles.get(system, "system")) for system, key in systems.items()
    ]
    now = datetime.now(UTC)
    dates = {"issued": now.isoformat(), "expires": (now + timedelta(days=400)).isoformat()}
    registry = folder / "registry.jws"
    registry.write_text(signed.sign({"number": 1, **dates, "members": lines}, authority))
    return Trust(registry, authority, systems)


@pytest.fixture(scope="module")
def trust(tmp_path_factory: pytest.TempPathFactory) -> Trust:
    return make_trust(tmp_path_factory.mktemp("trust"))


@pytest.fixture(scope="session")
def seeded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The office's database as a demo begins with it; to be copied."""
    path = tmp_path_factory.mktemp("seeded") / "office.sqlite"
    seed("data_office", f"sqlite:///{path}", Size())
    return path


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory, trust: Trust, seeded: Path) -> Settings:
    return make_settings(tmp_path_factory.mktemp("office"), trust, seeded)


def make_settings(folder: Path, trust: Trust, seeded: Path) -> Settings:
    """An office's settings, with its database and its keys in a folder."""
    database = folder / "office.sqlite"
    shutil.copy(seeded, database)
    (folder / "pseudonym.key").write_bytes(b"p" * 32)
    (folder / "grants.key.pem").write_bytes(keys.write_private(trust.systems[GRANTS_KEY]))
    return Settings(
        kind="data_office",
        division=DIVISION,
        database_url=f"sqlite:///{database}",
        registry_file=trust.registry,
        authority_keys={trust.authority.key_id: trust.authority.public_hex},
        pseudonym_key_file=folder / "pseudonym.key",
        grants_key_file=folder / "grants.key.pem",
        follow_registry=False,
        require_cases=False,
    )


def elsewhere(settings: Settings, folder: Path) -> Settings:
    """Those of another process of the same office: the same database, and an access log of its own in a folder."""
    return settings.model_copy(update={"log_folder": folder / "access-log"})


def known_calendars(folder: Path) -> Path:
    """Made-up calendars of this year and the next ones, so that every day has a due day whenever the tests run."""
    calendars = folder / "calendars"
    calendars.mkdir()
    for year in range(Clock()().year, Clock()().year + 3):
        (calendars / f"{year}.json").write_bytes(orjson.dumps({"holidays": [f"{year}-01-01"]}))
    return calendars


@pytest.fixture(scope="module")
def clock() -> Clock:
    return Clock()


@asynccontextmanager
async def opened(settings: Settings, trust: Trust, clock: Clock) -> AsyncIterator[Bureau]:
    """An office that is open within the block."""
    app = create_app(DEPARTMENT, settings, clock=clock)
    async with app.router.lifespan_context(app):
        yield Bureau(app, trust)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def bureau(settings: Settings, trust: Trust, clock: Clock) -> AsyncIterator[Bureau]:
    async with opened(settings, trust, clock) as running:
        yield running
