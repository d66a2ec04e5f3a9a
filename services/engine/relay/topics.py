"""What a topic must be, and the topics of a node's feeds: made where settings say so, else found missing by name; for
`kafka`, and for the directory, which makes the topics of all departments."""

import asyncio
from collections.abc import Collection, Mapping
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


def configuration(replicas: int) -> dict[str, str]:
    """A topic's configuration; one replica may be away while events are written."""
    return {**CONFIGURATION, "min.insync.replicas": str(max(1, replicas - 1))}


async def prepare(topics: Mapping[str, int], settings: Settings, way: Mapping[str, Any]) -> None:
    """Have all topics with their partitions, or raise CannotPublish naming those that are not as they must be; `way` is
    what `security.options` gives.

    What exists is looked up in the list of all: some brokers make a topic, with partitions of their own choice, when
    somebody asks for it by name.
    """
    admin = AIOKafkaAdminClient(**way)
    try:
        await admin.start()
        missing = topics.keys() - set(await admin.list_topics())
        if missing and not settings.create_topics:
            raise CannotPublish(f"there is no topic {', '.join(sorted(missing))}")
        if missing:
            await make(admin, {topic: topics[topic] for topic in missing}, settings.replication_factor)
        await _check_partitions(admin, topics, settings.create_topics, way)
    finally:
        await admin.close()


async def make(admin: Any, topics: Mapping[str, int], replicas: int) -> None:
    """Make topics with so many partitions and replicas each; raises CannotPublish. One already there stays."""
    wanted = [
        NewTopic(topic, partitions, replicas, topic_configs=configuration(replicas))
        for topic, partitions in sorted(topics.items())
    ]
    answer = await admin.create_topics(wanted)
    for topic, code, *_ in answer.topic_errors:
        if code not in (0, _EXISTS):
            raise CannotPublish(f"the topic {topic} cannot be made ({for_code(code).__name__})")


async def described(admin: Any, topics: Collection[str]) -> dict[str, list[Mapping[str, Any]]]:
    """The partitions of topics that are there, once they have any: one just made may have none for a moment."""
    while topics:
        found = {one["topic"]: one["partitions"] for one in await admin.describe_topics(list(topics))}
        if all(found.values()):
            return found
        await asyncio.sleep(_MOMENT_SECONDS)
    return {}


async def _check_partitions(
    admin: Any, topics: Mapping[str, int], may_make: bool, way: Mapping[str, Any]
) -> None:
    """Partitions are fixed for life: another number would send a record's later events past its earlier ones."""
    found = await described(admin, topics)
    for topic, wanted in topics.items():
        count = len(found[topic])
        if count == wanted:
            continue
        if not (may_make and count < wanted and await _is_empty(topic, way)):
            raise CannotPublish(f"the topic {topic} has {count} partitions, its contract says {wanted}")
        # Made by a broker when somebody else asked for it before us.
        await admin.create_partitions({topic: NewPartitions(wanted)})


async def _is_empty(topic: str, way: Mapping[str, Any]) -> bool:
    first = TopicPartition(topic, 0)
    async with reading(way) as reader:
        return bool((await reader.end_offsets([first]))[first] == 0)
