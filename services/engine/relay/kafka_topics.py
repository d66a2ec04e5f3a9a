"""What topics keep, read through aiokafka; the reading half of `kafka`, and all of the broker that
`langqiao reconcile` needs."""

import asyncio
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from time import monotonic
from typing import Any

from aiokafka import TopicPartition
from aiokafka.errors import KafkaError

from services.engine.relay.broker import CannotPublish, Kept, Place
from services.engine.relay.reading import ends_of, reading
from services.engine.relay.security import options, secured
from services.engine.settings import Settings

#: How long an answer may take before the broker counts as away.
PATIENCE_SECONDS = 10.0
AWAY = (KafkaError, OSError, TimeoutError)
_READ_MS = 200
#: Handed over at a time, so that whatever else is due gets its turn.
_MOST_AT_ONCE = 200


class KafkaTopics:
    """See `Topics`. Each call has a consumer of its own. To make one raises BadSecurityFile."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._security = secured(
            settings.broker_ca_file, settings.broker_certificate_file, settings.broker_key_file
        )
        self._way = options(settings.bootstrap_servers, self._security)

    def why_not(self, now: datetime) -> str:
        """What a person should look at on the way to the broker, well as it may go; empty when all is well."""
        return "" if self._security is None else self._security.why_not(now)

    async def ends(self, topics: Mapping[str, int]) -> dict[Place, int]:
        """A topic is looked up in the list of all: some brokers make one when somebody asks for it by name."""
        with self._answering():
            async with asyncio.timeout(PATIENCE_SECONDS), reading(self._way) as reader:
                there = await reader.topics()
                asked = [
                    TopicPartition(topic, one)
                    for topic, count in topics.items()
                    if topic in there
                    for one in range(count)
                ]
                found = await ends_of(reader, asked) if asked else {}
        ends = {(one.topic, one.partition): end for one, end in found.items()}
        return {
            (topic, one): ends.get((topic, one), 0) for topic, count in topics.items() for one in range(count)
        }

    async def read(
        self, spans: Mapping[Place, tuple[int, int]], take: Callable[[Sequence[Kept]], None]
    ) -> None:
        ends = {TopicPartition(*place): end for place, (start, end) in spans.items() if start < end}
        if not ends:
            return
        with self._answering():
            async with reading(self._way) as reader:
                reader.assign(list(ends))
                for one in ends:
                    reader.seek(one, spans[one.topic, one.partition][0])
                await _read(reader, ends, take)

    @contextmanager
    def _answering(self) -> Iterator[None]:
        try:
            yield
        except AWAY as fault:
            raise self._away(fault) from fault

    def _away(self, fault: BaseException) -> CannotPublish:
        where = self._settings.bootstrap_servers
        said = f"the broker at {where} does not do its work ({type(fault).__name__})"
        # It may be why: the certificate before these files may have ended, or its authority.
        files = "" if self._security is None else self._security.fault
        return CannotPublish(f"{said}; {files}" if files else said)


async def _read(
    reader: Any, ends: Mapping[TopicPartition, int], take: Callable[[Sequence[Kept]], None]
) -> None:
    """A position moves over what compaction took, too; one that stands still for too long raises TimeoutError."""
    positions: dict[TopicPartition, int] = {}
    until = monotonic() + PATIENCE_SECONDS
    while unread := [one for one in ends if await reader.position(one) < ends[one]]:
        found = await reader.getmany(*unread, timeout_ms=_READ_MS, max_records=_MOST_AT_ONCE)
        for one, messages in found.items():
            if kept := [_kept(message) for message in messages if message.offset < ends[one]]:
                take(kept)
        reached = {one: await reader.position(one) for one in ends}
        if reached != positions:
            positions, until = reached, monotonic() + PATIENCE_SECONDS
        elif monotonic() > until:
            raise TimeoutError


def _kept(message: Any) -> Kept:
    place = message.topic, message.partition
    return Kept(place, message.offset, message.key, message.value, list(message.headers))
