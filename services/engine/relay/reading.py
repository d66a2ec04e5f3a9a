"""A Kafka consumer without a group, for a short look at what a topic holds; used by `kafka` and `topics`."""

import asyncio
from collections.abc import AsyncIterator, Collection, Mapping
from contextlib import asynccontextmanager
from typing import Any

from aiokafka import AIOKafkaConsumer, TopicPartition


@asynccontextmanager
async def reading(way: Mapping[str, Any]) -> AsyncIterator[Any]:
    """A consumer that is stopped with the block; `way` is what `security.options` gives. Assign to it once at most:
    aiokafka's stop may hang after a second."""
    reader = AIOKafkaConsumer(**way, enable_auto_commit=False, auto_offset_reset="earliest")
    try:
        await reader.start()
        # A stop before its tasks have run their first step would raise CancelledError here.
        await asyncio.sleep(0)
        yield reader
    finally:
        await reader.stop()


async def ends_of(reader: Any, partitions: Collection[TopicPartition]) -> dict[TopicPartition, int]:
    """The ends of partitions, to which the consumer is then assigned, paused. Assigned to all of them it learns of all
    topics at once; asked for ends alone, it takes a tenth of a second for each topic."""
    reader.assign(list(partitions))
    reader.pause(*partitions)
    found: dict[TopicPartition, int] = await reader.end_offsets(list(partitions))
    return found
