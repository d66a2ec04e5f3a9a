"""A relay over a real database of either kind and a broker in memory: how tests run it and ask how it stands."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from schemas.wire.event import Event
from services.engine.capture.captured import captures
from services.engine.capture.status import CaptureStatus, capture_status
from services.engine.mapping.model import Mapping
from services.engine.pseudonym_keys import PseudonymKeys
from services.engine.relay.broker import Broker
from services.engine.relay.feeds import feeds_of
from services.engine.relay.loop import Relay
from services.engine.settings import Settings
from tests import workshop
from tests.stores import Store

PUBLIC, SHARED, GRANTED = (
    f"dev.{workshop.DIVISION}.{workshop.TOOLS}.v1.{audience}" for audience in ("public", "shared", "granted")
)


def make_settings(store: Store, **changed: Any) -> Settings:
    return Settings(
        kind=workshop.KIND,
        division=workshop.DIVISION,
        database_url=store.url,
        pseudonym_key_file=Path("pseudonym.key"),
        create_topics=True,
        relay_poll_ms=2,
        lease_seconds=1,
        **changed,
    )


@asynccontextmanager
async def relaying(
    store: Store,
    broker: Broker,
    mappings: Iterable[Mapping] = workshop.MAPPINGS,
    keys: PseudonymKeys | bytes = workshop.SECRET,
    **changed: Any,
) -> AsyncIterator[Relay]:
    """A relay at work, stopped with the block."""
    settings = make_settings(store, **changed)
    feeds = feeds_of(mappings, settings, keys)
    relay = Relay(store.database, feeds, broker, settings, f"relay {id(changed)}")
    work = asyncio.create_task(relay.run())
    try:
        yield relay
    finally:
        relay.stop()
        await work


async def standing(store: Store) -> CaptureStatus:
    return await capture_status(store.database, captures(workshop.MAPPINGS))


def told(events: list[Event]) -> list[tuple[str, int]]:
    """Deed and version of each event."""
    return [(one.type.rpartition(".")[2], one.recordversion) for one in events]
