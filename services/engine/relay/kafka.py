"""The broker as Kafka's protocol shows it, through aiokafka; opened by `main`, called by `loop`."""

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

from aiokafka import AIOKafkaProducer, TopicPartition
from aiokafka.errors import CorruptRecordException, MessageSizeTooLargeError, RecordListTooLargeError

from schemas.wire.event import BadEvent, from_kafka
from services.engine.relay import topics as topic_making
from services.engine.relay.broker import Ack, Place, Refused, Seen, Tail
from services.engine.relay.kafka_topics import AWAY, PATIENCE_SECONDS, KafkaTopics
from services.engine.relay.projection import Message
from services.engine.relay.reading import ends_of, reading
from services.engine.settings import Settings

#: How long a single request of a batch may take, and a producer's being given up.
_REQUEST_MS = 8_000
_ABANDON_SECONDS = 2.0
#: How long an acknowledgement may take before we look whether anybody listens, in seconds.
_LOOK_SECONDS = 0.5
#: A partition's batch in bytes: one round trip carries many small events, or a few large ones.
_BATCH_BYTES = 256 * 1024
#: More messages than this behind our last one are not read back.
_MOST_READ = 5_000
_READ_MS = 200

#: The message's own fault: it would be refused again.
_REFUSALS = (MessageSizeTooLargeError, RecordListTooLargeError, CorruptRecordException)


class KafkaBroker(KafkaTopics):
    """See `Broker`. The producer is idempotent, so within its life nothing is doubled or reordered; at the first
    trouble it is given up, and the caller sends again through a new one. To make one raises BadSecurityFile."""

    def __init__(self, settings: Settings) -> None:
        super().__init__(settings)
        self._producer: Any = None

    async def prepare(self, topics: Mapping[str, int]) -> None:
        with self._answering():
            async with asyncio.timeout(PATIENCE_SECONDS):
                await topic_making.prepare(topics, self._settings, self._way)

    async def publish(self, messages: Sequence[Message]) -> list[Ack]:
        futures: list[asyncio.Future[Any]] = []
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                await self._send(messages, futures)
        except AWAY as fault:
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
            async with asyncio.timeout(PATIENCE_SECONDS), reading(self._way) as reader:
                return await _tails(reader, topics, since)

    async def close(self) -> None:
        if self._producer is not None:
            producer, self._producer = self._producer, None
            await producer.stop()

    async def _send(self, messages: Sequence[Message], futures: list["asyncio.Future[Any]"]) -> None:
        producer = await self._started()
        for one in messages:
            futures.append(await producer.send(one.topic, one.value, key=one.key, headers=one.headers))
        waiting = set(futures)
        while waiting:
            _, waiting = await asyncio.wait(waiting, timeout=_LOOK_SECONDS)
            if waiting:
                await self._knock()

    async def _knock(self) -> None:
        """An idempotent producer tries for ever; that nobody listens is known sooner. Raises OSError."""
        for address in self._settings.bootstrap_servers.split(","):
            host, _, port = address.strip().rpartition(":")
            with suppress(OSError):
                _, writer = await asyncio.open_connection(host.strip("[]"), int(port))
                writer.close()
                return
        raise ConnectionRefusedError

    async def _started(self) -> Any:
        if self._producer is None:
            producer = AIOKafkaProducer(
                **self._way,
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
            with suppress(*AWAY):
                await producer.client.close()
                async with asyncio.timeout(_ABANDON_SECONDS):
                    await producer._sender.close()
                # Once more for a connection that it was just opening.
                await producer.client.close()

    def _trouble(self, faults: Mapping[int, BaseException]) -> Exception:
        for fault in faults.values():
            if not isinstance(fault, _REFUSALS):
                return self._away(fault)
        return Refused({place: type(fault).__name__ for place, fault in faults.items()})


def _ack(done: Any) -> Ack:
    # -1: a repeated batch, of which the broker remembers only that it has it.
    return Ack((done.topic, done.partition), done.offset if done.offset >= 0 else None)


async def _tails(reader: Any, topics: Mapping[str, int], since: Mapping[Place, int]) -> dict[Place, Tail]:
    partitions = [TopicPartition(topic, one) for topic, count in topics.items() for one in range(count)]
    ends = await ends_of(reader, partitions)
    wanted = {one: min(end, since.get((one.topic, one.partition), end)) for one, end in ends.items()}
    # The last message at least, for its number; no more than that of a partition that is too far ahead.
    last = {one: end - 1 for one, end in ends.items() if end}
    starts = {
        one: min(wanted[one], end) if ends[one] - wanted[one] <= _MOST_READ else end
        for one, end in last.items()
    }
    found = await _read(reader, starts, ends)
    return {(one.topic, one.partition): _tail(end, wanted[one], found[one]) for one, end in ends.items()}


def _tail(end: int, wanted: int, found: Sequence[Seen]) -> Tail:
    newest = found[-1].number if found else 0
    if end - wanted > _MOST_READ:
        return Tail(end, None, newest)
    return Tail(end, tuple(one for one in found if one.offset >= wanted), newest)


async def _read(
    reader: Any, starts: Mapping[TopicPartition, int], ends: Mapping[TopicPartition, int]
) -> dict[TopicPartition, list[Seen]]:
    found: dict[TopicPartition, list[Seen]] = {one: [] for one in ends}
    for one, start in starts.items():
        reader.seek(one, start)
    reader.resume(*starts)
    while unread := [one for one in starts if await reader.position(one) < ends[one]]:
        for one, messages in (await reader.getmany(*unread, timeout_ms=_READ_MS)).items():
            found[one] += [_seen(message) for message in messages]
    return found


def _seen(message: Any) -> Seen:
    try:
        event = from_kafka(message.key, message.value, message.headers)
    except BadEvent:
        return Seen(message.offset, "", 0)
    return Seen(message.offset, event.id, int(event.sequence))
