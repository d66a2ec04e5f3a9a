"""The registry on its topic: what the authority publishes reaches whoever follows, whatever befalls the broker."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest
from aiokafka import AIOKafkaProducer

from schemas.trust import keys, signed
from schemas.trust.holding import nothing
from schemas.wire.topics import registry_topic
from services.engine.access.kept_registry import KeptRegistry
from services.engine.relay.registry_topic import registry_followed
from services.engine.settings import Settings
from tests.apache_kafka import ApacheKafka
from tests.brokers import way_to
from tests.services.directory.bridge import PUBLISHER, Bridge
from tests.waiting import until

#: The promise: within so many seconds a registry that is published is in force at every node that can be reached.
_PROMISED = 5.0


@pytest.fixture
def bridge(bridge: Bridge) -> Bridge:
    """Where its broker has an access list, a node reads what `acls sync` lets it read."""
    if isinstance(bridge.broker, ApacheKafka):
        synced = bridge.langqiao("acls", "sync")
        assert synced.exit_code == 0, synced.output
    return bridge


@asynccontextmanager
async def node(bridge: Bridge, name: str) -> AsyncIterator[KeptRegistry]:
    """A node's registry, which follows the topic."""
    authority = {bridge.authority.key_id: bridge.authority.public_hex}
    settings = Settings(
        kind="taxation",
        division="330200",
        environment=bridge.environment,
        database_url=f"sqlite:///{bridge.folder / 'none.sqlite'}",
        pseudonym_key_file=bridge.folder / "none.key",
        **bridge.broker.settings_of(PUBLISHER),
    )
    found = KeptRegistry(None, bridge.folder / name, 3_600, lambda: datetime.now(UTC), nothing(authority))
    async with registry_followed(settings, found.take):
        yield found


async def _publish(bridge: Bridge, *further: str) -> None:
    """What the bridge's file holds, in a thread, for the tool has a loop of its own."""
    published = ("registry", "publish", str(bridge.folder / "registry.jws"), "--topic", *further)
    ended = await asyncio.to_thread(bridge.langqiao, *published)
    assert ended.exit_code == 0, ended.output


async def test_what_is_published_is_in_force_at_once_at_whoever_follows_or_comes_later(
    bridge: Bridge,
) -> None:
    async with node(bridge, "one") as one, node(bridge, "other") as other:
        await _publish(bridge)
        await until(lambda: {one.value.number, other.value.number} == {1}, timeout=_PROMISED)
    async with node(bridge, "late") as late:
        await until(lambda: late.value.number == 1, timeout=_PROMISED)


async def test_a_word_on_it_comes_by_the_same_way(bridge: Bridge) -> None:
    key = bridge.folder / "authority.key.pem"
    key.write_bytes(keys.write_private(bridge.authority))
    async with node(bridge, "one") as one:
        await _publish(bridge, "--key", str(key))
        await until(lambda: one.held.word is not None, timeout=_PROMISED)


async def test_what_is_no_registry_is_passed_over(bridge: Bridge) -> None:
    async with node(bridge, "one") as one:
        await _publish(bridge)
        await until(lambda: one.value.number == 1, timeout=_PROMISED)
        await _put(bridge, b"\xff", None, b"a.b.c")
        await until(lambda: one.refused is not None)
        await _publish_next(bridge)
        await until(lambda: one.value.number == 2, timeout=_PROMISED)


async def test_a_node_that_follows_outlives_its_broker(bridge: Bridge) -> None:
    async with node(bridge, "one") as one:
        await _publish(bridge)
        await until(lambda: one.value.number == 1, timeout=_PROMISED)
        # Not in a thread of the loop's: the broker would end with it.
        bridge.broker.stop()
        bridge.broker.start()
        await _publish_next(bridge)
        await until(lambda: one.value.number == 2, timeout=30)


async def test_a_node_that_is_not_to_follow_asks_no_broker(tmp_path: Path) -> None:
    settings = Settings(
        kind="taxation",
        division="330200",
        database_url="sqlite:///none",
        pseudonym_key_file=tmp_path / "none.key",
        follow_registry=False,
    )
    before = len(asyncio.all_tasks())
    async with registry_followed(settings, str):
        assert len(asyncio.all_tasks()) == before


async def _publish_next(bridge: Bridge) -> None:
    path = bridge.folder / "registry.jws"
    path.write_text(signed.sign({**signed.unchecked(path.read_text()), "number": 2}, bridge.authority))
    await _publish(bridge)


async def _put(bridge: Bridge, *values: bytes | None) -> None:
    producer = AIOKafkaProducer(**way_to(bridge.broker), acks="all")
    await producer.start()
    try:
        for value in values:
            await producer.send_and_wait(registry_topic(bridge.environment), value, key=b"registry")
    finally:
        await producer.stop()
