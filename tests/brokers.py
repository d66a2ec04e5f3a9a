"""The broker of a test: where it is, how it is ended and brought back, and all that a topic holds.

One suite, two brokers: the embedded one, and Apache Kafka in the live tier (`make test-live`).
"""

import shutil
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from ssl import SSLContext
from typing import Any, Protocol

import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient

from schemas.wire.event import Event, from_kafka
from services.cli.world.broker import start_broker
from services.cli.world.processes import Child, free_ports, stop_all
from services.engine.relay.security import options
from tests.apache_kafka import ApacheKafka


class Broker(Protocol):
    """A broker in a folder of its own; its address stays the same over its lives."""

    folder: Path

    @property
    def bootstrap(self) -> str: ...

    @property
    def security(self) -> SSLContext | None:
        """Who the tests are there, when they look at what a topic holds: somebody who may do everything."""

    @property
    def settings(self) -> dict[str, Any]:
        """How the workshop's relay reaches it, and who it is there."""

    def settings_of(self, department: str) -> dict[str, Any]:
        """How a department reaches it, and who it is there; what it may do there is the operator's to say."""

    @property
    def operator_settings(self) -> dict[str, Any]:
        """How an operator reaches it, who may do everything there."""

    def start(self) -> None: ...

    def stop(self) -> None:
        """As an operator does: it may write what it has."""

    def kill(self) -> None:
        """kill -9."""

    def wipe(self) -> None:
        """Lose everything that a stopped broker kept."""


@dataclass
class EmbeddedBroker:
    """The broker of the demo."""

    folder: Path
    port: int = field(default_factory=lambda: free_ports(1)[0])
    child: Child | None = None

    @property
    def bootstrap(self) -> str:
        return f"127.0.0.1:{self.port}"

    @property
    def security(self) -> None:
        return None

    @property
    def settings(self) -> dict[str, Any]:
        return {"bootstrap_servers": self.bootstrap}

    def settings_of(self, department: str) -> dict[str, Any]:
        return self.settings

    @property
    def operator_settings(self) -> dict[str, Any]:
        return self.settings

    def start(self) -> None:
        self.child = start_broker(self.port, self.folder)

    def stop(self) -> None:
        if self.child is not None:
            stop_all([self.child])

    def kill(self) -> None:
        assert self.child is not None
        self.child.kill()

    def wipe(self) -> None:
        shutil.rmtree(self.folder / "broker")


#: Every broker that the suites run on.
EACH_BROKER = [
    pytest.param(EmbeddedBroker, id="embedded"),
    pytest.param(ApacheKafka, id="apache-kafka", marks=pytest.mark.live),
]


@contextmanager
def running_broker(kind: Callable[[Path], Broker], folder: Path) -> Iterator[Broker]:
    """A running broker of a kind, ended with the block."""
    broker = kind(folder)
    broker.start()
    try:
        yield broker
    finally:
        broker.stop()


def way_to(broker: Broker) -> dict[str, Any]:
    """What each of aiokafka's clients is told, so that the tests may do everything."""
    return options(broker.bootstrap, broker.security)


async def messages_of(broker: Broker, topic: str) -> list[Any]:
    """Every message of a topic; those of one partition are in their order."""
    return (await messages_by_topic(broker, [topic]))[topic]


async def messages_by_topic(broker: Broker, topics: Iterable[str]) -> dict[str, list[Any]]:
    """Every message of some topics, none where a topic is not there."""
    found: dict[str, list[Any]] = {topic: [] for topic in topics}
    places = await _places(broker, found)
    if not places:
        return found
    reader = AIOKafkaConsumer(**way_to(broker), enable_auto_commit=False)
    await reader.start()
    try:
        ends = {place: end for place, end in (await reader.end_offsets(places)).items() if end}
        if ends:
            reader.assign(list(ends))
        for place in ends:
            reader.seek(place, 0)
        while unread := [place for place, end in ends.items() if await reader.position(place) < end]:
            for place, messages in (await reader.getmany(*unread, timeout_ms=100)).items():
                found[place.topic] += messages
        return found
    finally:
        await reader.stop()


async def _places(broker: Broker, topics: Collection[str]) -> list[TopicPartition]:
    admin = AIOKafkaAdminClient(**way_to(broker))
    await admin.start()
    try:
        there = [topic for topic in await admin.list_topics() if topic in topics]
        return [
            TopicPartition(described["topic"], one["partition"])
            for described in (await admin.describe_topics(there) if there else [])
            for one in described["partitions"]
        ]
    finally:
        await admin.close()


def events_in(messages: Iterable[Any]) -> list[Event]:
    """Their events; of one record all are in order."""
    return [from_kafka(one.key, one.value, one.headers) for one in messages]
