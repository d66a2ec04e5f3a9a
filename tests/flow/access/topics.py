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


def bytes_of(broker: MemoryBroker, topic: str) -> bytes:
    """Every byte that a topic was given."""
    messages = [one for (name, _), log in broker.logs.items() if name == topic for one in log]
    parts = [
        (one.key, one.value or b"", *(b"=".join((n.encode(), v)) for n, v in one.headers)) for one in messages
    ]
    return b"\n".join(part for one in parts for part in one)
