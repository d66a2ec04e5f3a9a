"""A department with a key of its own, the gateway in front of it, and a member who asks the gateway; in one process."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from gateway.app import create_app as create_gateway
from gateway.settings import Settings as GatewaySettings
from schemas.trust import keys, signed
from schemas.trust.evidence_answer import WANTED
from schemas.trust.history import History, issue
from services.engine.api.app import create_app
from tests.flow.federation.running import InProcessNodes
from tests.services.engine.api import office
from tests.services.engine.api.conftest import ASKER, GATEWAY, Trust, client_of, make_settings, make_trust

ASKED = {"Accept-Signature": WANTED}
_OFFICE, _CITY = "http://office", "http://city"


@pytest.fixture
def trust(tmp_path: Path) -> Trust:
    return make_trust(tmp_path / "trust")


@pytest.fixture
def history(trust: Trust) -> History:
    trusted = {trust.authority.key_id: trust.authority.public_hex}
    return History([issue(signed.read((trust.folder / "registry.jws").read_text(), trusted))])


@dataclass(frozen=True)
class Door:
    """Another department's window that asks the gateway, and one that asks a province's gateway above it."""

    member: httpx.AsyncClient
    above: httpx.AsyncClient
    nodes: InProcessNodes


@pytest.fixture
async def door(tmp_path: Path, trust: Trust) -> AsyncIterator[Door]:
    (tmp_path / "node.key.pem").write_bytes(keys.write_private(trust.systems[f"{office.OWNER}/node"]))
    (tmp_path / "gateway.key.pem").write_bytes(keys.write_private(trust.systems[GATEWAY]))
    told = {"node_key_file": tmp_path / "node.key.pem", "witnesses": ("http://127.0.0.1:9",)}
    app = create_app(office.DEPARTMENT, make_settings(tmp_path, trust).model_copy(update=told))
    known: dict[str, Any] = {
        "key_file": tmp_path / "gateway.key.pem",
        "authority_keys": {trust.authority.key_id: trust.authority.public_hex},
        "registry_file": trust.folder / "registry.jws",
    }
    settings = GatewaySettings(division=office.DIVISION, nodes=(_OFFICE,), **known)
    nodes = InProcessNodes({_OFFICE: app})
    gateway = create_gateway(settings, nodes=nodes)
    province = create_gateway(
        GatewaySettings(division="330000", nodes=(_CITY,), **known), nodes=InProcessNodes({_CITY: gateway})
    )
    async with (
        app.router.lifespan_context(app),
        gateway.router.lifespan_context(gateway),
        province.router.lifespan_context(province),
        client_of(gateway, trust.headers(ASKER), trust) as client,
        client_of(province, trust.headers(ASKER), trust) as above,
    ):
        yield Door(client, above, nodes)


@pytest.fixture
def member(door: Door) -> httpx.AsyncClient:
    return door.member
