"""A department with a key of its own, the gateway in front of it, and a member who asks the gateway; in one process."""

from collections.abc import AsyncIterator
from pathlib import Path

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
_OFFICE = "http://office"


@pytest.fixture
def trust(tmp_path: Path) -> Trust:
    return make_trust(tmp_path / "trust")


@pytest.fixture
def history(trust: Trust) -> History:
    trusted = {trust.authority.key_id: trust.authority.public_hex}
    return History([issue(signed.read((trust.folder / "registry.jws").read_text(), trusted))])


@pytest.fixture
async def member(tmp_path: Path, trust: Trust) -> AsyncIterator[httpx.AsyncClient]:
    """Another department's window, which asks the gateway."""
    (tmp_path / "node.key.pem").write_bytes(keys.write_private(trust.systems[f"{office.OWNER}/node"]))
    (tmp_path / "gateway.key.pem").write_bytes(keys.write_private(trust.systems[GATEWAY]))
    told = {"node_key_file": tmp_path / "node.key.pem", "witnesses": ("http://127.0.0.1:9",)}
    app = create_app(office.DEPARTMENT, make_settings(tmp_path, trust).model_copy(update=told))
    settings = GatewaySettings(
        division=office.DIVISION, nodes=(_OFFICE,), key_file=tmp_path / "gateway.key.pem"
    )
    gateway = create_gateway(settings, nodes=InProcessNodes({_OFFICE: app}))
    async with (
        app.router.lifespan_context(app),
        gateway.router.lifespan_context(gateway),
        client_of(gateway, trust.headers(ASKER), trust) as client,
    ):
        yield client
