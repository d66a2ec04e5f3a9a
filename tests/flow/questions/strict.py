"""The county once more, but that one dataset of each kind has conditional personal items alone, given on a grant and
for a signed question; in process for the gateway, and behind ports for whoever would take the gateway's place."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import uvicorn
from fastapi import FastAPI

from schemas.trust import keys, signed
from services.cli.world.processes import free_ports
from services.engine.settings import Settings
from tests.flow.federation.contracts import write_contracts
from tests.flow.federation.county import DATASETS, PLACES, Place
from tests.flow.federation.running import (
    ASKER,
    GATEWAY_KEY,
    County,
    headers_of,
    make_trust,
    opened,
    settings_of,
)
from tests.flow.federation.tables import SqliteTables
from tests.link_keys import write_keys
from tests.waiting import until

#: The datasets that are given for a signed question alone; of each kind the first.
PERSONAL = ("trade_office.firms", "permit_office.permits", "revenue_office.accounts", "roll_office.persons")
_PURPOSE = "grant:G-1"
#: Grants of the same: what a call for the one is given is not meant for the other.
_GRANTS = ("G-1", "G-2")


@dataclass(frozen=True, repr=False)
class Strict:
    """A running strict county: its files, its asker's key and headers, in lower case as they go over the wire, its
    gateway's key, and where the real nodes listen."""

    folder: Path
    county: County
    own: keys.KeyPair
    headers: dict[str, str]
    gateway: keys.KeyPair
    addresses: dict[Place, str]


@asynccontextmanager
async def strict_county(folder: Path) -> AsyncIterator[Strict]:
    """The county with empty tables, its gateway, and a port for each of its nodes."""
    write_contracts(folder / "contracts", PERSONAL)
    write_keys(folder, [folder / "contracts"], [place.member for place in PLACES])
    key, trusted = make_trust(folder)
    authority = keys.new_key()
    trusted = {**trusted, authority.key_id: authority.public_hex}
    tables = {place: SqliteTables(folder / f"{place.member}.sqlite") for place in PLACES}
    settings = {
        place: _granted(settings_of(folder, place, own.url, trusted), authority)
        for place, own in tables.items()
    }
    async with opened(folder, tables, settings, key) as made:
        made.client.headers.update(_headers(key))
        async with _listening({one: made.nodes.apps[one.url] for one in PLACES}) as addresses:
            gateway_key = keys.read_private((folder / GATEWAY_KEY).read_bytes())
            said = {name.lower(): value for name, value in _headers(key).items()}
            yield Strict(folder, made, key, said, gateway_key, addresses)


def _headers(key: keys.KeyPair) -> dict[str, str]:
    return {**headers_of(key), "Langqiao-Purpose": _PURPOSE}


def _granted(settings: Settings, authority: keys.KeyPair) -> Settings:
    """The settings with the asker's grants for all that is shared of the kind's personal dataset."""
    now = datetime.now(UTC).replace(microsecond=0)
    (dataset,) = (one for one in PERSONAL if one.startswith(f"{settings.kind}."))
    dates = {
        "not_before": (now - timedelta(days=1)).isoformat(),
        "expires": (now + timedelta(days=1)).isoformat(),
    }
    grant = {
        "member": ASKER,
        "dataset": dataset,
        "items": sorted(DATASETS[dataset].items.keys() - DATASETS[dataset].withheld),
        "purpose": "核验",
        **dates,
    }
    path = settings.pseudonym_key_file.parent / f"{settings.department}.grants.jws"
    path.write_text(
        signed.sign(
            {"number": 1, "expires": dates["expires"], "grants": [{"id": one, **grant} for one in _GRANTS]},
            authority,
        )
    )
    return settings.model_copy(update={"grants_file": path})


@asynccontextmanager
async def _listening(apps: dict[Place, FastAPI]) -> AsyncIterator[dict[Place, str]]:
    """Each app at a port of its own, in this loop."""
    ports = free_ports(len(apps))
    servers = [
        uvicorn.Server(uvicorn.Config(app, port=port, lifespan="off", log_config=None, access_log=False))
        for app, port in zip(apps.values(), ports, strict=True)
    ]
    serving = [asyncio.create_task(one.serve()) for one in servers]
    try:
        await until(lambda: all(one.started for one in servers), what="every node listens")
        yield {place: f"http://127.0.0.1:{port}" for place, port in zip(apps, ports, strict=True)}
    finally:
        for one in servers:
            one.should_exit = True
        await asyncio.gather(*serving)
