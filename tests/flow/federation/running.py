"""The county running in one process: every department's app over its own database, and the gateway that asks them."""

from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
from fastapi import FastAPI

from gateway.app import create_app as create_gateway
from gateway.nodes import Fresh, NodeAnswer, NodeAway
from gateway.settings import Settings as GatewaySettings
from schemas.query.render import render_body, render_params
from schemas.trust import keys, signed, token
from services.client.signing import Signing
from services.engine.api.app import create_app
from services.engine.mapping.model import Stored
from services.engine.settings import Settings
from tests import registered
from tests.flow.federation import county
from tests.flow.federation.contracts import write_contracts
from tests.flow.federation.county import PLACES, Dataset, Place
from tests.flow.federation.questions import Question
from tests.flow.federation.records import Contents
from tests.flow.federation.tables import MakeTables, SqliteTables, Tables, create
from tests.link_keys import keys_file, write_keys
from tests.waiting import until

ASKER = f"{county.DIVISION}.approvals"
_SYSTEM = f"{ASKER}/window"
_GATEWAY = f"{county.DIVISION}.gateway"
#: A gateway above that of the county.
PROVINCE = "330000.gateway"
#: Of all departments the one whose node has a key.
_SIGNING = county.places_of("trade_office")[0]
#: In the county's folder: the keys that the registry lists as the gateways', and as that node's.
GATEWAY_KEY, PROVINCE_KEY, NODE_KEY = "gateway.key.pem", "province.key.pem", "node.key.pem"

#: Limits so small that these few records already need several chunks of keys, pages, and starts from an embed.
_SMALL: dict[str, Any] = {"join_keys": 3, "start_keys": 5, "walk_rows": 4}
_SMALL_PAGES = 4
#: Checks of a healthy county only take time from its questions.
_SELDOM = 60


@dataclass(frozen=True)
class Call:
    """One call between gateway and node, as it would have gone over the network."""

    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes


@dataclass
class InProcessNodes:
    """Node calls straight into the departments' apps. `down` holds base URLs at which nobody listens; `calls` and
    `answers` are all that passed between gateway and nodes."""

    apps: Mapping[str, FastAPI]
    down: set[str] = field(default_factory=set)
    calls: list[Call] = field(default_factory=list)
    answers: list[bytes] = field(default_factory=list)

    async def call(
        self,
        base_url: str,
        method: str,
        path: str,
        headers: Mapping[str, str],
        body: bytes | None,
        timeout: float,
        fresh: Fresh = dict,
    ) -> NodeAnswer:
        sent = {**headers, **fresh()}
        self.calls.append(Call(method, base_url + path, sent, body or b""))
        if base_url in self.down:
            raise NodeAway
        transport = httpx.ASGITransport(app=self.apps[base_url])
        request = httpx.Request(method, base_url + path, headers=sent, content=body)
        response = await transport.handle_async_request(request)
        content = await response.aread()
        self.answers.append(content)
        return NodeAnswer(response.status_code, dict(response.headers.items()), content)


@dataclass(frozen=True, repr=False)
class County:
    """A running county. `client` asks the gateway as a member with a case; `trusted` are the authority's public
    keys."""

    tables: Mapping[Place, Tables]
    nodes: InProcessNodes
    gateway: FastAPI
    client: httpx.AsyncClient
    trusted: Mapping[str, str]

    async def load(self, contents: Contents) -> None:
        """Replace what the departments' own tables hold, by SQL of their own."""
        for place, tables in self.tables.items():
            await tables.fill(
                {one.table: _stored(one, place, contents) for one in county.of_kind(place.kind)}
            )

    async def ask(self, question: Question, **headers: str) -> httpx.Response:
        """The gateway's answer by POST."""
        return await self.client.post(
            f"{path_of(question)}/query", json=render_body(question.query), headers=headers
        )

    async def ask_page(self, question: Question, cursor: str | None) -> httpx.Response:
        """One page of the answer: the first, or the one that a cursor leads to."""
        going_on = {} if cursor is None else {"cursor": cursor}
        return await self.client.post(
            f"{path_of(question)}/query", json={**render_body(question.query), **going_on}
        )

    async def get(self, question: Question, **headers: str) -> httpx.Response:
        """The gateway's answer by GET."""
        return await self.client.get(path_of(question), params=render_params(question.query), headers=headers)


def path_of(question: Question) -> str:
    return f"/records/{question.dataset.replace('.', '/')}"


def _stored(one: Dataset, place: Place, contents: Contents) -> list[dict[str, Stored]]:
    """One department's part of a dataset, by column."""
    return [
        {one.column(item): stored for item, stored in record.stored.items()}
        for record in contents[one.dataset]
        if county.places_of(one.kind)[record.place] == place
    ]


@asynccontextmanager
async def running(
    folder: Path, make_tables: MakeTables | None = None, **federating: Any
) -> AsyncIterator[County]:
    """The county with empty tables, ready to be asked; in SQLite files under the folder unless said otherwise.
    `federating` are further settings of its gateway."""
    write_contracts(folder / "contracts")
    write_keys(folder, [folder / "contracts"], [place.member for place in PLACES])
    key, trusted = make_trust(folder)
    made_by = make_tables or (lambda member: SqliteTables(folder / f"{member}.sqlite"))
    tables = {place: made_by(place.member) for place in PLACES}
    settings = {place: settings_of(folder, place, own.url, trusted) for place, own in tables.items()}
    async with opened(folder, tables, settings, key, **federating) as made:
        yield made


@asynccontextmanager
async def opened(
    folder: Path,
    tables: Mapping[Place, Tables],
    settings: Mapping[Place, Settings],
    key: keys.KeyPair,
    **federating: Any,
) -> AsyncIterator[County]:
    """Departments with these tables, empty, and these settings, and the gateway that asks them for whose key it is."""
    async with AsyncExitStack() as stack:
        apps = {}
        for place, own in tables.items():
            await create(own, list(map(county.physical, county.of_kind(place.kind))))
            made = create_app(county.department(place.kind), settings[place])
            await stack.enter_async_context(made.router.lifespan_context(made))
            apps[place.url] = made
        nodes = InProcessNodes(apps)
        trusted = next(iter(settings.values())).authority_keys
        asking = gateway_settings(
            folder, trusted, nodes=tuple(one.url for one in PLACES), **_SMALL, **federating
        )
        gateway = create_gateway(asking, nodes=nodes)
        await stack.enter_async_context(gateway.router.lifespan_context(gateway))
        client = await stack.enter_async_context(client_of(gateway, key))
        await until(lambda: _ready(client), what="the gateway knows every node")
        yield County(tables, nodes, gateway, client, trusted)


async def _ready(client: httpx.AsyncClient) -> bool:
    return (await client.get("/health")).status_code == 200


def gateway_settings(folder: Path, trusted: Mapping[str, str], **more: Any) -> GatewaySettings:
    """A gateway that knows whose keys are whose; the county's own unless `more` says otherwise."""
    own: dict[str, Any] = {"division": county.DIVISION, "key_file": folder / GATEWAY_KEY}
    known: dict[str, Any] = {"authority_keys": dict(trusted), "registry_file": folder / "registry.jws"}
    return GatewaySettings(**own | known | more)


def client_of(gateway: FastAPI, key: keys.KeyPair) -> httpx.AsyncClient:
    """A member's window that asks the gateway in process, by signed calls."""
    return httpx.AsyncClient(
        transport=httpx.ASGITransport(app=gateway),
        base_url="http://gateway",
        headers=headers_of(key),
        auth=Signing(key),
    )


def headers_of(key: keys.KeyPair) -> dict[str, str]:
    """Who asks, and what for."""
    text = token.make(key, system=_SYSTEM, member=ASKER, now=datetime.now(UTC))
    return {
        "Authorization": f"Bearer {text}",
        "Langqiao-Officer": "officer-1",
        "Langqiao-Purpose": "case:330200-2026-000001",
    }


def make_trust(folder: Path) -> tuple[keys.KeyPair, dict[str, str]]:
    """The asking system's key, and the authority's public keys; the registry it signed stands in the folder."""
    authority, key, gateway, province, node = (keys.new_key() for _ in range(5))
    now = datetime.now(UTC).replace(microsecond=0)
    registry: dict[str, Any] = {
        "number": 1,
        "issued": (now - timedelta(days=1)).isoformat(),
        "expires": (now + timedelta(days=1)).isoformat(),
        "members": [
            registered.line(_SYSTEM, key),
            registered.line(_GATEWAY, gateway, role="gateway"),
            registered.line(PROVINCE, province, role="gateway"),
            registered.line(f"{_SIGNING.member}/node", node, role="node"),
        ],
    }
    (folder / GATEWAY_KEY).write_bytes(keys.write_private(gateway))
    (folder / PROVINCE_KEY).write_bytes(keys.write_private(province))
    (folder / NODE_KEY).write_bytes(keys.write_private(node))
    (folder / "registry.jws").write_text(signed.sign(registry, authority))
    (folder / "pseudonym.key").write_bytes(b"p" * 32)
    return key, {authority.key_id: authority.public_hex}


def settings_of(folder: Path, place: Place, url: str, trusted: dict[str, str]) -> Settings:
    return Settings(
        kind=place.kind,
        division=place.division,
        contracts_dir=folder / "contracts",
        database_url=url,
        registry_file=folder / "registry.jws",
        authority_keys=trusted,
        pseudonym_key_file=folder / "pseudonym.key",
        link_keys_file=keys_file(folder, place.member),
        # Issued yesterday, and nobody confirms it here.
        registry_word_seconds=7 * 86_400,
        follow_registry=False,
        require_cases=False,
        page_rows=_SMALL_PAGES,
        check_seconds=_SELDOM,
    )
