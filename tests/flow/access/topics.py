"""What a department's topics hold once all its records are told, with a broker in memory behind the real relay."""

import asyncio

from services.engine.capture.attach import attach
from services.engine.node import Department, read_contracts, read_secret
from services.engine.relay.feeds import feeds_of
from services.engine.relay.loop import Relay
from services.engine.settings import Settings
from tests.services.engine.relay.memory import MemoryBroker
from tests.stores import drained, opened
from tests.waiting import until


async def told(department: Department, settings: Settings) -> MemoryBroker:
    """The broker after the department's first snapshot."""
    settings = settings.model_copy(update={"create_topics": True, "relay_poll_ms": 2, "lease_seconds": 1})
    mappings, broker = read_contracts(department, settings).mappings, MemoryBroker()
    async with opened(settings.database_url.get_secret_value()) as store:
        await attach(store.database, mappings, outbox_limit=1_000)
        feeds = feeds_of(mappings, settings, read_secret(settings.pseudonym_key_file))
        relay = Relay(store.database, feeds, broker, settings, "a relay")
        work = asyncio.create_task(relay.run())
        try:
            await until(lambda: drained(store), what="every record is told")
        finally:
            relay.stop()
            await work
    return broker


def bytes_of(broker: MemoryBroker) -> bytes:
    """Every byte that the broker was given, topic names among them."""
    return b"\n".join(
        part
        for (topic, _), log in broker.logs.items()
        for one in log
        for part in (
            topic.encode(),
            one.key,
            one.value or b"",
            *(name.encode() + b"=" + value for name, value in one.headers),
        )
    )
