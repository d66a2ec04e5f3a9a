"""What the broker takes by itself: a plain producer and a plain subscriber on a topic of their own; called by `run`."""

import asyncio
import secrets
import time
from dataclasses import dataclass
from pathlib import Path

import orjson
from aiokafka import AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient

from services.cli.world.processes import stop_all
from services.engine.relay import topics
from services.engine.relay.security import options
from tests.bench.events.ground import Ground
from tests.bench.events.measures import at
from tests.bench.events.sides import read_notes, subscribed
from tests.bench.load import quantile
from tests.waiting import until

_PARTITIONS = 3
_PATIENCE = 60.0
_FIRST = "first"


@dataclass(frozen=True)
class RoundTrip:
    """Milliseconds from handing over a message until all replicas have it, and until a subscriber has it."""

    messages: int
    acknowledged: float
    seen: float
    seen_p99: float


async def measure(ground: Ground, messages: int, per_second: int) -> RoundTrip:
    """Of single small messages at a steady rate; the subscriber is a process, as it is for the relay's topics."""
    way, topic = options(ground.bootstrap, None), f"bench.plain.{secrets.token_hex(4)}"
    admin = AIOKafkaAdminClient(**way)
    await admin.start()
    await topics.make(admin, {topic: _PARTITIONS}, 1)
    await admin.close()
    notes = ground.folder / "plain.notes"
    reader = await subscribed(ground, topic, notes)
    try:
        sent, acknowledged = await _send(way, topic, messages, per_second)
        await until(lambda: len(_seen(notes)) == messages, timeout=_PATIENCE, what="all messages")
        came = sorted((seen - sent[name]) / 1e6 for name, seen in _seen(notes).items())
    finally:
        stop_all([reader])
    return RoundTrip(messages, quantile(sorted(acknowledged), 0.5), quantile(came, 0.5), quantile(came, 0.99))


def _seen(notes: Path) -> dict[str, int]:
    """When the subscriber had each message."""
    return {name: moment for name, moment in read_notes(notes) if name not in ("ready", _FIRST)}


async def _send(
    way: dict[str, object], topic: str, messages: int, per_second: int
) -> tuple[dict[str, int], list[float]]:
    """When each was handed over, and how long its acknowledgement took, in ms."""
    sent: dict[str, int] = {}
    taken: list[float] = []
    producer = AIOKafkaProducer(**way, acks="all", enable_idempotence=True)
    await producer.start()

    async def one(name: str) -> None:
        sent[name] = time.monotonic_ns()
        await producer.send_and_wait(topic, orjson.dumps({"name": name}), key=name.encode())
        taken.append((time.monotonic_ns() - sent[name]) / 1e6)

    # It makes connections.
    await one(_FIRST)
    taken.clear()
    began = asyncio.get_running_loop().time()
    async with asyncio.TaskGroup() as group:
        for number in range(messages):
            await at(began + number / per_second)
            group.create_task(one(str(number)))
    await producer.stop()
    return sent, taken
