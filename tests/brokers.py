"""The broker of a test: where it is, how it is ended and brought back, and all that a topic holds."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient

from schemas.wire.event import Event, from_kafka
from services.cli.world.broker import start_broker
from services.cli.world.processes import Child, free_ports, stop_all


@dataclass
class EmbeddedBroker:
    """The broker of the demo, on a port and a folder that it keeps over its lives."""

    folder: Path
    port: int = field(default_factory=lambda: free_ports(1)[0])
    child: Child | None = None

    @property
    def bootstrap(self) -> str:
        return f"127.0.0.1:{self.port}"

    def start(self) -> None:
        self.child = start_broker(self.port, self.folder)

    def stop(self) -> None:
        """As an operator does: it may write what it has."""
        if self.child is not None:
            stop_all([self.child])

    def kill(self) -> None:
        """kill -9."""
        assert self.child is not None
        self.child.kill()

    def wipe(self) -> None:
        """Lose everything that a stopped broker kept."""
        shutil.rmtree(self.folder / "broker")


@contextmanager
def embedded_broker(folder: Path) -> Iterator[EmbeddedBroker]:
    """A running broker, ended with the block."""
    broker = EmbeddedBroker(folder)
    broker.start()
    try:
        yield broker
    finally:
        broker.stop()


async def messages_of(bootstrap: str, topic: str) -> list[Any]:
    """Every message of a topic; those of one partition are in their order."""
    places = await _places(bootstrap, topic)
    if not places:
        return []
    reader = AIOKafkaConsumer(bootstrap_servers=bootstrap, enable_auto_commit=False)
    await reader.start()
    try:
        ends = {place: end for place, end in (await reader.end_offsets(places)).items() if end}
        if ends:
            reader.assign(list(ends))
        for place in ends:
            reader.seek(place, 0)
        found = []
        while unread := [place for place, end in ends.items() if await reader.position(place) < end]:
            for messages in (await reader.getmany(*unread, timeout_ms=100)).values():
                found += messages
        return found
    finally:
        await reader.stop()


async def _places(bootstrap: str, topic: str) -> list[TopicPartition]:
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    try:
        if topic not in await admin.list_topics():
            return []
        [described] = await admin.describe_topics([topic])
        return [TopicPartition(topic, one["partition"]) for one in described["partitions"]]
    finally:
        await admin.close()


async def events_of(bootstrap: str, topic: str) -> list[Event]:
    """Every event of a topic; of one record all are in order."""
    return [from_kafka(one.key, one.value, one.headers) for one in await messages_of(bootstrap, topic)]
