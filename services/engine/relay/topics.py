"""The topics of a node's feeds: made where settings say so, else found missing by name; called by `kafka`."""

import asyncio
from collections.abc import Mapping
from typing import Any

from aiokafka import TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewPartitions, NewTopic
from aiokafka.errors import for_code

from services.engine.relay.broker import CannotPublish
from services.engine.relay.reading import reading
from services.engine.settings import Settings

_HOUR, _DAY = 3_600_000, 86_400_000

#: A topic keeps the latest event of each record for good. What an event replaced may be read for an hour more, and is
#: gone after a week even on a quiet topic, since erasure waits for it; a delete can be noticed for a week.
CONFIGURATION = {
    "cleanup.policy": "compact",
    "min.compaction.lag.ms": str(_HOUR),
    "max.compaction.lag.ms": str(7 * _DAY),
    "delete.retention.ms": str(7 * _DAY),
}
_EXISTS = 36
_MOMENT_SECONDS = 0.05


async def prepare(topics: Mapping[str, int], settings: Settings) -> None:
    """Have all topics with their partitions, or raise CannotPublish naming those that are not as they must be.

    What exists is looked up in the list of all: some brokers make a topic, with partitions of their own choice, when
    somebody asks for it by name.
    """
    admin = AIOKafkaAdminClient(bootstrap_servers=settings.bootstrap_servers)
    try:
        await admin.start()
        missing = topics.keys() - set(await admin.list_topics())
        if missing and not settings.create_topics:
            raise CannotPublish(f"there is no topic {', '.join(sorted(missing))}")
        if missing:
            await _make(admin, {topic: topics[topic] for topic in missing}, settings.replication_factor)
        await _check_partitions(admin, topics, settings)
    finally:
        await admin.close()


async def _make(admin: Any, topics: Mapping[str, int], replicas: int) -> None:
    configuration = {**CONFIGURATION, "min.insync.replicas": str(max(1, replicas - 1))}
    wanted = [
        NewTopic(topic, partitions, replicas, topic_configs=configuration)
        for topic, partitions in sorted(topics.items())
    ]
    answer = await admin.create_topics(wanted)
    for topic, code, *_ in answer.topic_errors:
        if code not in (0, _EXISTS):
            raise CannotPublish(f"the topic {topic} cannot be made ({for_code(code).__name__})")


async def _check_partitions(admin: Any, topics: Mapping[str, int], settings: Settings) -> None:
    """Partitions are fixed for life: another number would send a record's later events past its earlier ones."""
    counts = await _counts(admin, topics)
    for topic, wanted in topics.items():
        if counts[topic] == wanted:
            continue
        if not (settings.create_topics and counts[topic] < wanted and await _is_empty(topic, settings)):
            raise CannotPublish(
                f"the topic {topic} has {counts[topic]} partitions, its contract says {wanted}"
            )
        # Made by a broker when somebody else asked for it before us.
        await admin.create_partitions({topic: NewPartitions(wanted)})


async def _counts(admin: Any, topics: Mapping[str, int]) -> dict[str, int]:
    """Partitions by topic, once there are any: a topic just made may have none for a moment."""
    while True:
        described = await admin.describe_topics(list(topics))
        counts = {one["topic"]: len(one["partitions"]) for one in described}
        if all(counts.values()):
            return counts
        await asyncio.sleep(_MOMENT_SECONDS)


async def _is_empty(topic: str, settings: Settings) -> bool:
    first = TopicPartition(topic, 0)
    async with reading(settings) as reader:
        return bool((await reader.end_offsets([first]))[first] == 0)
