"""Following topics: every event as it comes, in each record's own order; used by the command line, platforms and
integrators' programs."""

import asyncio
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from ssl import SSLContext
from time import monotonic
from typing import Any, Self

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import ConsumerStoppedError, KafkaError

from schemas.trust.registry import Registry
from schemas.trust.signed_events import EventRefused, Published, check
from schemas.wire.event import BadEvent, Event, from_kafka
from services.engine.relay.security import options

log = logging.getLogger(__name__)

#: How long the start waits for a broker and for topics that a relay is about to make, and how often it looks.
_PATIENCE_SECONDS = 30.0
_LOOK_SECONDS = 0.2


@dataclass(frozen=True, slots=True)
class Foreign:
    """A message that is not its node's, by its place on the topic; `reason` as of `EventRefused`."""

    topic: str
    partition: int
    offset: int
    reason: str


class CannotFollow(Exception):
    """The broker does not answer, or a topic is not there; says which."""


def follow(
    bootstrap: str,
    topics: Sequence[str],
    *,
    from_start: bool,
    security: SSLContext | None = None,
    signed_by: Registry | None = None,
) -> "Following":
    """The events of some topics: from the oldest kept on, or only those that come after `started()` has returned.
    `security` is what `secured` makes of the follower's certificate; None: plain text. `signed_by` lists the nodes
    whose signatures count: what its node did not sign is passed over, and counted; None: signatures are not looked at.

    An event may come more than once. Whoever keeps records applies an event whose `order` is not older than what it
    has of that `source` and `subject`, and forgets the record on a delete.
    """
    return Following(options(bootstrap, security), tuple(topics), from_start, signed_by)


class Following:
    """An endless iterator over events; begins when first asked. Messages that are no events of ours are passed over;
    `refused` counts those that were not signed as they must be. Whoever is to see these too asks by `take`."""

    def __init__(
        self,
        way: Mapping[str, Any],
        topics: tuple[str, ...],
        from_start: bool,
        signed_by: Registry | None = None,
    ) -> None:
        self.refused = 0
        self._signed_by = signed_by
        self._way = way
        self._topics = topics
        self._from_start = from_start
        self._starting = asyncio.Lock()
        self._consumer: AIOKafkaConsumer | None = None

    async def started(self) -> None:
        """Return when every event from now on will be seen; raises CannotFollow."""
        await self._started()

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Event:
        while True:
            found = await self.take()
            if isinstance(found, Event):
                return found
            place = (found.topic, found.partition, found.offset)
            log.error("%s-%s: the message at %s is not its node's: %s", *place, found.reason)

    async def take(self) -> Event | Foreign:
        """The next event, or a message that must be signed and is not; raises CannotFollow, and StopAsyncIteration
        once it is closed."""
        consumer = await self._started()
        while True:
            try:
                message = await consumer.getone()
            except ConsumerStoppedError:
                raise StopAsyncIteration from None
            try:
                if self._signed_by is not None:
                    check(
                        Published(message.topic, message.key, message.value, message.headers), self._signed_by
                    )
                return from_kafka(message.key, message.value, message.headers)
            except EventRefused as fault:
                self.refused += 1
                return Foreign(message.topic, message.partition, message.offset, fault.reason)
            except BadEvent:
                log.warning(
                    "%s-%s: the message at %s is no event", message.topic, message.partition, message.offset
                )

    async def close(self) -> None:
        """End the iteration and let the broker go."""
        async with self._starting:
            if self._consumer is not None:
                await self._consumer.stop()

    async def _started(self) -> Any:
        async with self._starting:
            if self._consumer is None:
                self._consumer = await self._start()
            return self._consumer

    async def _start(self) -> AIOKafkaConsumer:
        # Where the broker has forgotten our place, all again is better than a gap.
        consumer = AIOKafkaConsumer(**self._way, enable_auto_commit=False, auto_offset_reset="earliest")
        try:
            async with asyncio.timeout(_PATIENCE_SECONDS):
                await consumer.start()
                await self._take_place(consumer)
        except (KafkaError, TimeoutError, OSError) as fault:
            await consumer.stop()
            raise CannotFollow(f"the broker at {self._way['bootstrap_servers']} does not answer") from fault
        except BaseException:
            await consumer.stop()
            raise
        return consumer

    async def _take_place(self, consumer: Any) -> None:
        places = await _partitions(self._way, self._topics)
        consumer.assign(places)
        await (consumer.seek_to_beginning if self._from_start else consumer.seek_to_end)(*places)
        for place in places:
            await consumer.position(place)


async def _partitions(way: Mapping[str, Any], topics: Sequence[str]) -> list[TopicPartition]:
    """Every partition of the topics, once all topics are there.

    They are looked for in the list of all: some brokers make a topic, with partitions of their own choice, when
    somebody asks for it by name.
    """
    admin = AIOKafkaAdminClient(**way)
    deadline = monotonic() + _PATIENCE_SECONDS / 2
    await admin.start()
    try:
        while missing := set(topics) - set(await admin.list_topics()):
            if monotonic() > deadline:
                named = ", ".join(sorted(missing))
                raise CannotFollow(f"there is no topic {named}, or it is not for this caller")
            await asyncio.sleep(_LOOK_SECONDS)
        return [
            TopicPartition(described["topic"], one["partition"])
            for described in await admin.describe_topics(list(topics))
            for one in described["partitions"]
        ]
    finally:
        await admin.close()
