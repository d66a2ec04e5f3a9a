"""A Kafka consumer without a group, for a short look at what a topic holds; used by `kafka` and `topics`."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from aiokafka import AIOKafkaConsumer

from services.engine.settings import Settings


@asynccontextmanager
async def reading(settings: Settings) -> AsyncIterator[Any]:
    """A consumer that is stopped with the block. Assign to it once at most: aiokafka's stop may hang after a second."""
    reader = AIOKafkaConsumer(
        bootstrap_servers=settings.bootstrap_servers, enable_auto_commit=False, auto_offset_reset="earliest"
    )
    try:
        await reader.start()
        # A stop before its tasks have run their first step would raise CancelledError here.
        await asyncio.sleep(0)
        yield reader
    finally:
        await reader.stop()
