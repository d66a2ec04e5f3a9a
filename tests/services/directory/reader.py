"""A subscriber that knows nothing of us: librdkafka's consumer; for the live suites."""

from collections.abc import Callable
from contextlib import suppress
from time import monotonic
from typing import Any

from confluent_kafka import Consumer, KafkaError, KafkaException, TopicPartition

from tests.certificates import Identity

_PATIENCE_SECONDS = 20.0


def read(
    bootstrap: str, who: Identity | None, topic: str, *, trusting: Identity | None = None
) -> list[bytes]:
    """The keys of the messages in a topic's partitions; KafkaException with what the broker says where it gives none.

    Without `who` no certificate is shown, and `trusting` says whose authority vouches for the broker.
    """
    consumer = Consumer(_settings(bootstrap, who, trusting))
    try:
        described = consumer.list_topics(topic, timeout=_PATIENCE_SECONDS).topics[topic]
        if described.error is not None:
            raise KafkaException(described.error)
        consumer.assign([TopicPartition(topic, one, 0) for one in described.partitions])
        return _all(consumer, len(described.partitions))
    finally:
        consumer.close()


def joined(bootstrap: str, who: Identity, topic: str, group: str) -> bytes:
    """The key of the first message that comes to a member of a consumer group; KafkaException where it may not join."""
    consumer = Consumer({**_settings(bootstrap, who, None), "group.id": group})
    try:
        consumer.subscribe([topic])
        return _next(consumer)
    finally:
        consumer.close()


def refusal(bootstrap: str, who: Identity | None, topic: str, *, trusting: Identity | None = None) -> str:
    """The broker's reason for giving nothing, by librdkafka's name; empty when it gives what it has."""
    try:
        read(bootstrap, who, topic, trusting=trusting)
    except KafkaException as fault:
        return str(fault.args[0].name())
    return ""


def stopped(bootstrap: str, who: Identity, topic: str, meanwhile: Callable[[], None]) -> str:
    """What the broker says, by librdkafka's name, to a reader who has read a topic to its end and reads on, after
    something has happened meanwhile."""
    consumer = Consumer(_settings(bootstrap, who, None))
    try:
        described = consumer.list_topics(topic, timeout=_PATIENCE_SECONDS).topics[topic]
        consumer.assign([TopicPartition(topic, one, 0) for one in described.partitions])
        _all(consumer, len(described.partitions))
        meanwhile()
        _all(consumer, len(described.partitions) + 1)
    except KafkaException as fault:
        return str(fault.args[0].name())
    finally:
        consumer.close()
    return ""


def shut_out(bootstrap: str, who: Identity | None, *, trusting: Identity | None = None) -> str:
    """The first trouble of a connection to the broker, by librdkafka's name; empty when there is none."""
    troubles: list[str] = []
    settings = _settings(bootstrap, who, trusting)
    consumer = Consumer({**settings, "error_cb": lambda error: troubles.append(str(error.name()))})
    deadline = monotonic() + _PATIENCE_SECONDS
    try:
        while not troubles and monotonic() < deadline:
            consumer.poll(0.1)
            with suppress(KafkaException):
                consumer.list_topics(timeout=0.1)
                return ""
        return troubles[0]
    finally:
        consumer.close()


def _settings(bootstrap: str, who: Identity | None, trusting: Identity | None) -> dict[str, Any]:
    shown = (
        {"ssl.certificate.location": str(who.certificate), "ssl.key.location": str(who.key)} if who else {}
    )
    vouching = who or trusting
    return {
        "bootstrap.servers": bootstrap,
        "group.id": "none",
        "enable.auto.commit": False,
        "auto.offset.reset": "earliest",
        "enable.partition.eof": True,
        "log_level": 0,
        "security.protocol": "SSL",
        **({"ssl.ca.location": str(vouching.ca)} if vouching else {}),
        **shown,
    }


def _all(consumer: Consumer, partitions: int) -> list[bytes]:
    found, ended = [], 0
    deadline = monotonic() + _PATIENCE_SECONDS
    while ended < partitions:
        assert monotonic() < deadline, "the partitions have no end"
        message = consumer.poll(0.2)
        if message is None:
            continue
        if message.error() is None:
            found.append(message.key())
        elif message.error().code() == KafkaError._PARTITION_EOF:
            ended += 1
        elif message.error().code() != KafkaError.GROUP_AUTHORIZATION_FAILED:
            # It looks for the group that it must name, though its places are assigned to it.
            raise KafkaException(message.error())
    return found


def _next(consumer: Consumer) -> bytes:
    deadline = monotonic() + _PATIENCE_SECONDS
    while monotonic() < deadline:
        message = consumer.poll(0.2)
        if message is None or (message.error() and message.error().code() == KafkaError._PARTITION_EOF):
            continue
        if message.error() is not None:
            raise KafkaException(message.error())
        key: bytes = message.key()
        return key
    raise AssertionError("nothing comes")
