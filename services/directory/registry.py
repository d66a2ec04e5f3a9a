"""The member registry on the topic that nodes follow; called by `langqiao registry`."""

import asyncio
from collections.abc import Mapping
from typing import Any

from aiokafka import AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError

from schemas.trust.holding import LARGEST_BYTES
from schemas.wire.topics import REGISTRY_PARTITIONS, registry_topic
from services.engine.relay import broker
from services.engine.relay.topics import described, make

_PATIENCE_SECONDS = 30.0
_REQUEST_MS = 8_000


class CannotPublish(Exception):
    """The broker does not answer, or does not take it; says which."""


async def publish(texts: Mapping[str, str], environment: str, replicas: int, way: Mapping[str, Any]) -> None:
    """Put signed texts on the topic, each under its key, which keeps the newest of each; a topic that is missing is
    made. All are acknowledged when this returns. Raises CannotPublish. `way` is what `security.options` gives."""
    topic = registry_topic(environment)
    try:
        async with asyncio.timeout(_PATIENCE_SECONDS):
            await _have(topic, replicas, way)
            await _send(topic, texts, way)
    except broker.CannotPublish as fault:
        raise CannotPublish(str(fault)) from fault
    except (KafkaError, OSError, TimeoutError) as fault:
        where = way["bootstrap_servers"]
        raise CannotPublish(f"the broker at {where} does not take it ({type(fault).__name__})") from fault


async def _have(topic: str, replicas: int, way: Mapping[str, Any]) -> None:
    """It is looked up in the list of all: some brokers make one, of their own kind, when it is asked for by name."""
    admin = AIOKafkaAdminClient(**way)
    try:
        await admin.start()
        if topic not in await admin.list_topics():
            await make(admin, {topic: REGISTRY_PARTITIONS}, replicas)
            await described(admin, [topic])
    finally:
        await admin.close()


async def _send(topic: str, texts: Mapping[str, str], way: Mapping[str, Any]) -> None:
    producer = AIOKafkaProducer(
        **way, acks="all", request_timeout_ms=_REQUEST_MS, max_request_size=2 * LARGEST_BYTES
    )
    await producer.start()
    try:
        for key, text in texts.items():
            await producer.send_and_wait(topic, text.encode(), key=key.encode())
    finally:
        await producer.stop()
