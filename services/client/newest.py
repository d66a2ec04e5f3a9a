"""The newest event of one record on a topic, found in that record's own partition from its end back; used by the data
office, which looks whether a mended record was published."""

import asyncio
from collections.abc import Callable
from datetime import datetime
from ssl import SSLContext
from typing import Any

from aiokafka import TopicPartition
from aiokafka.errors import KafkaError
from aiokafka.partitioner import DefaultPartitioner

from schemas.wire.event import BadEvent, Event, from_kafka
from services.client.topics import CannotFollow
from services.engine.relay.reading import ends_of, reading
from services.engine.relay.security import options

#: For so long the broker may show nothing new, in seconds; how long it reads is up to what is there.
_PATIENCE_SECONDS = 10.0
_READ_MS = 200
#: Offsets of the first look at a partition's end. Each look before that is over twice as many: compaction leaves gaps.
_FIRST_LOOK = 1_000


async def newest(
    bootstrap: str,
    topic: str,
    partitions: int,
    record: str,
    since: datetime,
    security: SSLContext | None = None,
) -> Event | None:
    """The newest event of a record (its id), of those that were published from `since` (aware) on; None where there is
    none. `partitions` is what the topic's contract says. Messages that are no events of ours are passed over.

    Reads at most what one partition got since then, and less where the record is found. CannotFollow where the broker
    does not answer or stands still, or the topic is not there.
    """
    key, loop = record.encode(), asyncio.get_running_loop()
    place = TopicPartition(topic, _partition(key, partitions))
    try:
        async with (
            asyncio.timeout(_PATIENCE_SECONDS) as patience,
            reading(options(bootstrap, security)) as reader,
        ):
            begin, end = await _span(reader, place, since)
            return await _newest(
                reader, place, key, begin, end, lambda: patience.reschedule(loop.time() + _PATIENCE_SECONDS)
            )
    except (KafkaError, OSError, TimeoutError) as fault:
        why = type(fault).__name__
        raise CannotFollow(f"the broker at {bootstrap} does not show {topic} ({why})") from fault


def _partition(key: bytes, partitions: int) -> int:
    """Where the relay's producer puts a record, by aiokafka's own choice."""
    chosen: int = DefaultPartitioner()(key, list(range(partitions)), [])
    return chosen


async def _span(reader: Any, place: TopicPartition, since: datetime) -> tuple[int, int]:
    """The offsets from the first message of that time on to the end. The topic is looked up in the list of all: some
    brokers make one when somebody asks for it by name."""
    if place.topic not in await reader.topics():
        raise CannotFollow(f"there is no topic {place.topic}, or it is not for this caller")
    end = (await ends_of(reader, [place]))[place]
    found = (await reader.offsets_for_times({place: int(since.timestamp() * 1_000)}))[place]
    return end if found is None else found.offset, end


async def _newest(
    reader: Any, place: TopicPartition, key: bytes, begin: int, end: int, advanced: Callable[[], None]
) -> Event | None:
    size = _FIRST_LOOK
    while begin < end:
        start = max(begin, end - size)
        found = await _between(reader, place, key, start, end, advanced)
        if found:
            # Not the last: what a relay sends again after a crash stands once more behind it.
            return max(found, key=lambda one: one.order)
        end, size = start, 2 * size
    return None


async def _between(
    reader: Any, place: TopicPartition, key: bytes, start: int, end: int, advanced: Callable[[], None]
) -> list[Event]:
    """The record's events between two offsets. A position moves over what compaction took, too."""
    found: list[Event] = []
    reader.seek(place, start)
    reader.resume(place)
    reached = start
    while reached < end:
        messages = (await reader.getmany(place, timeout_ms=_READ_MS)).get(place, [])
        for message in messages:
            if message.key == key and message.offset < end:
                found += _event(message)
        before, reached = reached, await reader.position(place)
        if reached != before:
            advanced()
    return found


def _event(message: Any) -> list[Event]:
    try:
        return [from_kafka(message.key, message.value, message.headers)]
    except BadEvent:
        return []
