"""What relay and followers need of a broker, asked of each in its own protocol."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType

from schemas.wire.event import Event, from_kafka, to_kafka
from services.client.topics import follow
from services.engine.relay.broker import CannotPublish, Kept, Refused, Seen
from services.engine.relay.kafka import KafkaBroker
from services.engine.relay.projection import Message
from services.engine.relay.topics import CONFIGURATION
from services.engine.settings import Settings
from tests.brokers import Broker, EmbeddedBroker, messages_of, way_to

PARTITIONS = 3


@asynccontextmanager
async def opened(ground: Broker, **changed: Any) -> AsyncIterator[KafkaBroker]:
    settings = Settings(
        kind="workshop",
        division="330203",
        database_url="sqlite:///none",
        pseudonym_key_file=Path("none"),
        **{**ground.settings, "create_topics": True, **changed},
    )
    broker = KafkaBroker(settings)
    try:
        yield broker
    finally:
        await broker.close()


@asynccontextmanager
async def administered(ground: Broker) -> AsyncIterator[Any]:
    admin = AIOKafkaAdminClient(**way_to(ground))
    await admin.start()
    try:
        yield admin
    finally:
        await admin.close()


def message(topic: str, subject: str, version: int, *, deed: str = "updated", filling: str = "") -> Message:
    """A small event as the relay sends it."""
    event = Event(
        id=f"{subject}-{version}",
        source="330203.workshop",
        type=f"cn.gov.workshop.tools.{deed}",
        subject=subject,
        time="2026-01-31T00:00:00Z",
        dataschema="urn:langqiao:contract:workshop.tools:1",
        sequence=str(version),
        recordepoch=1,
        recordversion=version,
        recordedtime="2026-01-31T00:00:00Z",
        dataclassification="L1",
        data=None if deed == "deleted" else {"name": f"名{filling}"},
    )
    key, value, headers = to_kafka(event)
    return Message(topic, key, value, headers, event.id, version)


def subjects(count: int = 20) -> list[str]:
    return [f"记录{number}" for number in range(count)]


async def test_topics_are_made_with_their_partitions_and_kept_compacted(ground: Broker, topic: str) -> None:
    async with opened(ground) as broker, administered(ground) as admin:
        await broker.prepare({topic: PARTITIONS})
        await broker.prepare({topic: PARTITIONS})
        [described] = await admin.describe_topics([topic])
        [answer] = await admin.describe_configs([ConfigResource(ConfigResourceType.TOPIC, topic)])
    assert len(described["partitions"]) == PARTITIONS
    configured = {entry[0]: entry[1] for entry in answer.resources[0][4]}
    assert {name: configured[name] for name in CONFIGURATION} == CONFIGURATION


async def test_a_missing_topic_is_named_and_not_made_by_asking(ground: Broker, topic: str) -> None:
    async with opened(ground, create_topics=False) as broker, administered(ground) as admin:
        with pytest.raises(CannotPublish, match=topic):
            await broker.prepare({topic: PARTITIONS})
        assert topic not in await admin.list_topics()


async def test_an_empty_topic_with_too_few_partitions_is_given_its_own(ground: Broker, topic: str) -> None:
    async with opened(ground) as broker, administered(ground) as admin:
        await admin.create_topics([NewTopic(topic, 1, 1)])
        await broker.prepare({topic: PARTITIONS})
        [described] = await admin.describe_topics([topic])
    assert len(described["partitions"]) == PARTITIONS


async def test_a_topic_in_use_with_other_partitions_is_left_alone(ground: Broker, topic: str) -> None:
    async with opened(ground) as broker:
        await broker.prepare({topic: 1})
        await broker.publish([message(topic, "a", 1)])
        with pytest.raises(CannotPublish, match="has 1 partitions, its contract says 3"):
            await broker.prepare({topic: PARTITIONS})


async def test_of_one_record_everything_stands_in_order_in_one_partition(ground: Broker, topic: str) -> None:
    for first in (1, 11):
        async with opened(ground) as broker:
            await broker.prepare({topic: PARTITIONS})
            for version in range(first, first + 10, 2):
                batch = [message(topic, one, version + step) for step in (0, 1) for one in subjects()]
                await broker.publish(batch)
    found = await messages_of(ground, topic)
    for one in subjects():
        mine = [message for message in found if message.key == one.encode()]
        assert len({message.partition for message in mine}) == 1
        versions = [from_kafka(m.key, m.value, m.headers).recordversion for m in mine]
        assert versions == list(range(1, 21))
    assert len({message.partition for message in found}) == PARTITIONS


async def test_acknowledged_offsets_run_on_without_a_gap(ground: Broker, topic: str) -> None:
    async with opened(ground) as broker:
        await broker.prepare({topic: PARTITIONS})
        acks = []
        for version in range(1, 4):
            acks += await broker.publish([message(topic, one, version) for one in subjects()])
    for partition in range(PARTITIONS):
        offsets = [ack.offset for ack in acks if ack.place == (topic, partition)]
        assert offsets == list(range(len(offsets)))


async def test_a_delete_is_a_tombstone_that_keeps_its_headers(ground: Broker, topic: str) -> None:
    async with opened(ground) as broker:
        await broker.prepare({topic: PARTITIONS})
        await broker.publish([message(topic, "a", 1, deed="deleted")])
    [found] = await messages_of(ground, topic)
    assert found.value is None
    assert from_kafka(found.key, found.value, found.headers).deleted


async def test_what_was_sent_can_be_read_back_from_an_offset(ground: Broker, topic: str) -> None:
    async with opened(ground) as broker:
        await broker.prepare({topic: PARTITIONS})
        for version in (1, 2, 3):
            [ack] = await broker.publish([message(topic, "a", version)])
        tails = await broker.tails({topic: PARTITIONS}, {ack.place: 1})
    assert len(tails) == PARTITIONS
    assert tails[ack.place].end == 3
    assert tails[ack.place].messages == (Seen(1, "a-2", 2), Seen(2, "a-3", 3))
    assert [tail.messages for place, tail in tails.items() if place != ack.place] == [(), ()]


async def test_what_topics_keep_is_read_from_an_offset_up_to_an_end(ground: Broker, topic: str) -> None:
    async with opened(ground) as broker:
        await broker.prepare({topic: PARTITIONS})
        for version in (1, 2, 3):
            acks = await broker.publish([message(topic, one, version) for one in subjects()])
        ends = await broker.ends({topic: PARTITIONS, "nobody.330203.workshop.tools.v1.public": 2})
        kept: list[Kept] = []
        place = acks[0].place
        await broker.read({place: (1, ends[place] - 1)}, kept.extend)
        everything: list[Kept] = []
        await broker.read({one: (0, end) for one, end in ends.items()}, everything.extend)
    assert [one.offset for one in kept] == list(range(1, ends[place] - 1))
    assert {from_kafka(one.key, one.value, one.headers).subject for one in everything} == set(subjects())
    assert len(everything) == sum(ends.values()) == 3 * len(subjects())
    assert [end for (of, _), end in ends.items() if of.startswith("nobody")] == [0, 0]


async def test_an_end_before_our_last_message_is_seen(ground: Broker, topic: str) -> None:
    async with opened(ground) as broker:
        await broker.prepare({topic: 1})
        await broker.publish([message(topic, "a", 1)])
        tails = await broker.tails({topic: 1}, {(topic, 0): 7})
    assert (tails[topic, 0].end, tails[topic, 0].messages) == (1, ())


async def test_a_message_beyond_every_limit_is_refused_for_itself(ground: Broker, topic: str) -> None:
    async with opened(ground) as broker:
        await broker.prepare({topic: PARTITIONS})
        with pytest.raises(Refused) as refusal:
            await broker.publish([message(topic, "a", 1), message(topic, "b", 1, filling="x" * 2_000_000)])
        assert refusal.value.reasons == {1: "MessageSizeTooLargeError"}
        [ack] = await broker.publish([message(topic, "a", 1)])
        assert ack.offset is not None


async def test_a_broker_that_is_away_is_said_to_be_away(topic: str, tmp_path: Path) -> None:
    async with opened(EmbeddedBroker(tmp_path)) as broker:
        for deed in (
            broker.prepare({topic: 1}),
            broker.publish([message(topic, "a", 1)]),
            broker.tails({topic: 1}, {}),
            broker.ends({topic: 1}),
            broker.read({(topic, 0): (0, 1)}, lambda _: None),
        ):
            with pytest.raises(CannotPublish, match="does not do its work"):
                await deed


async def test_followers_begin_at_the_start_or_at_the_end(ground: Broker, topic: str) -> None:
    async with opened(ground) as broker:
        await broker.prepare({topic: PARTITIONS})
        await broker.publish([message(topic, one, 1) for one in subjects()])
        late = follow(ground.bootstrap, [topic], from_start=False, security=ground.security)
        await late.started()
        await broker.publish([message(topic, "late", 1)])
        assert (await anext(late)).subject == "late"
        await late.close()
    early = follow(ground.bootstrap, [topic], from_start=True, security=ground.security)
    found = {(await anext(early)).subject for _ in range(len(subjects()) + 1)}
    await early.close()
    assert found == {*subjects(), "late"}
