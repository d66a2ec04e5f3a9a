"""The broker as Kafka's protocol shows it, through aiokafka; opened by `main`, called by `loop`."""

import asyncio
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress
from typing import Any

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.errors import (
    CorruptRecordException,
    KafkaError,
    MessageSizeTooLargeError,
    RecordListTooLargeError,
)

from schemas.wire.event import BadEvent, from_kafka
from services.engine.relay import topics as topic_making
from services.engine.relay.broker import Ack, CannotPublish, Place, Refused, Seen, Tail
from services.engine.relay.projection import Message
from services.engine.settings import Settings

#: How long a batch may take before the broker counts as away, a single request within it, and a producer given up.
_PATIENCE_SECONDS = 10.0
_REQUEST_MS = 8_000
_ABANDON_SECONDS = 2.0
#: A partition's batch in bytes: one round trip carries many small events, or a few large ones.
_BATCH_BYTES = 256 * 1024
#: More messages than this behind our last one are not read back.
_MOST_READ = 5_000
_READ_MS = 200

#: The message's own fault: it would be refused again.
_REFUSALS = (MessageSizeTooLargeError, RecordListTooLargeError, CorruptRecordException)
_AWAY = (KafkaError, OSError, TimeoutError)


class KafkaBroker:
    """See `Broker`. The producer is idempotent, so within its life nothing is doubled or reordered; at the first
    trouble it is given up, and the caller sends again through a new one."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._producer: Any = None

    async def prepare(self, topics: Mapping[str, int]) -> None:
        with self._answering():
            async with asyncio.timeout(_PATIENCE_SECONDS):
                await topic_making.prepare(topics, self._settings)

    async def publish(self, messages: Sequence[Message]) -> list[Ack]:
        futures: list[asyncio.Future[Any]] = []
        try:
            async with asyncio.timeout(_PATIENCE_SECONDS):
                await self._send(messages, futures)
        except _AWAY as fault:
            await self._give_up(futures)
            raise self._trouble({len(futures): fault}) from fault
        except asyncio.CancelledError:
            await self._give_up(futures)
            raise
        faults = {place: wrong for place, one in enumerate(futures) if (wrong := one.exception())}
        if faults:
            await self._give_up(futures)
            raise self._trouble(faults)
        return [_ack(one.result()) for one in futures]

    async def tails(self, topics: Mapping[str, int], since: Mapping[Place, int]) -> dict[Place, Tail]:
        with self._answering():
            async with asyncio.timeout(_PATIENCE_SECONDS), self._reader() as reader:
                return await _tails(reader, topics, since)

    async def close(self) -> None:
        if self._producer is not None:
            producer, self._producer = self._producer, None
            await producer.stop()

    async def _send(self, messages: Sequence[Message], futures: list["asyncio.Future[Any]"]) -> None:
        producer = await self._started()
        for one in messages:
            futures.append(await producer.send(one.topic, one.value, key=one.key, headers=one.headers))
        if futures:
            await asyncio.wait(futures)

    async def _started(self) -> Any:
        if self._producer is None:
            producer = AIOKafkaProducer(
                bootstrap_servers=self._settings.bootstrap_servers,
                acks="all",
                enable_idempotence=True,
                request_timeout_ms=_REQUEST_MS,
                max_batch_size=_BATCH_BYTES,
            )
            try:
                await producer.start()
            except BaseException:
                await producer.stop()
                raise
            self._producer = producer
        return self._producer

    async def _give_up(self, futures: Sequence["asyncio.Future[Any]"]) -> None:
        """Close the producer without its flush, which waits for a broker for ever, and so that nothing more leaves
        it: delivered late, between what a new producer sends, an old change would stand above a newer one."""
        for one in futures:
            if not one.cancel():
                one.exception()
        producer, self._producer = self._producer, None
        if producer is not None:
            producer._closed = True
            with suppress(*_AWAY):
                await producer.client.close()
                async with asyncio.timeout(_ABANDON_SECONDS):
                    await producer._sender.close()

    @asynccontextmanager
    async def _reader(self) -> AsyncIterator[Any]:
        reader = AIOKafkaConsumer(
            bootstrap_servers=self._settings.bootstrap_servers,
            enable_auto_commit=False,
            auto_offset_reset="earliest",
        )
        try:
            await reader.start()
            yield reader
        finally:
            await reader.stop()

    @contextmanager
    def _answering(self) -> Iterator[None]:
        try:
            yield
        except _AWAY as fault:
            raise self._away(fault) from fault

    def _trouble(self, faults: Mapping[int, BaseException]) -> Exception:
        for fault in faults.values():
            if not isinstance(fault, _REFUSALS):
                return self._away(fault)
        return Refused({place: type(fault).__name__ for place, fault in faults.items()})

    def _away(self, fault: BaseException) -> CannotPublish:
        where = self._settings.bootstrap_servers
        return CannotPublish(f"the broker at {where} does not do its work ({type(fault).__name__})")


def _ack(done: Any) -> Ack:
    # -1: a repeated batch, of which the broker remembers only that it has it.
    return Ack((done.topic, done.partition), done.offset if done.offset >= 0 else None)


async def _tails(reader: Any, topics: Mapping[str, int], since: Mapping[Place, int]) -> dict[Place, Tail]:
    partitions = [TopicPartition(topic, one) for topic, count in topics.items() for one in range(count)]
    ends: dict[TopicPartition, int] = await reader.end_offsets(partitions)
    tails = {(one.topic, one.partition): Tail(end, ()) for one, end in ends.items()}
    for one, end in ends.items():
        offset = since.get((one.topic, one.partition), end)
        if offset < end:
            few = end - offset <= _MOST_READ
            messages = await _read(reader, one, offset, end) if few else None
            tails[one.topic, one.partition] = Tail(end, messages)
    return tails


async def _read(reader: Any, partition: TopicPartition, offset: int, end: int) -> tuple[Seen, ...]:
    reader.assign([partition])
    reader.seek(partition, offset)
    found: list[Seen] = []
    while await reader.position(partition) < end:
        for messages in (await reader.getmany(partition, timeout_ms=_READ_MS)).values():
            found += [_seen(one) for one in messages]
    return tuple(found)


def _seen(message: Any) -> Seen:
    try:
        event = from_kafka(message.key, message.value, message.headers)
    except BadEvent:
        return Seen(message.offset, "", 0)
    return Seen(message.offset, event.id, int(event.sequence))
