"""From a plain write in a department's table to its topics on a real broker."""

import asyncio
import random

from services.client.topics import follow
from tests.brokers import Broker, messages_by_topic
from tests.flow.events.checker import Verdict, judge
from tests.flow.events.shop import CANARY, opened, write_at_random
from tests.stores import Store
from tests.waiting import until
from tests.workshop import HAMMER


async def test_a_plain_update_reaches_a_follower(store: Store, shared_broker: Broker) -> None:
    shop = await opened(store, shared_broker)
    await store.program.insert("ws_tool", **HAMMER)
    async with shop.relay():
        await shop.until_drained()
        following = follow(
            shared_broker.bootstrap,
            [shop.topic("public")],
            from_start=False,
            security=shared_broker.security,
        )
        await following.started()
        await store.program.execute("UPDATE ws_tool SET nm = '大锤'")
        event = await asyncio.wait_for(anext(following), 10)
        await following.close()
    assert event.type == "cn.gov.workshop.tools.updated"
    assert event.data == {"number": "T1", "name": "大锤"}


async def test_topics_fold_to_the_table_and_hold_nothing_above_their_audience(
    store: Store, shared_broker: Broker
) -> None:
    shop = await opened(store, shared_broker)
    async with shop.relay():
        await write_at_random(store.program, random.Random(7), 150)
        await shop.until_drained()
    assert await shop.misfolded() == []
    topics = [channel.topic for _, channel in shop.channels]
    for messages in (await messages_by_topic(shared_broker, topics)).values():
        for message in messages:
            said = b"\0".join((message.key, message.value or b"", *(value for _, value in message.headers)))
            assert CANARY["remark"].encode() not in said
            assert CANARY["holder"].encode() not in said


async def test_every_change_is_told_once_and_in_its_records_order(
    store: Store, shared_broker: Broker
) -> None:
    shop = await opened(store, shared_broker)
    async with shop.relay():
        await write_at_random(store.program, random.Random(11), 100)
        await shop.until_drained()
    told = await shop.told(shop.topic("granted"))
    assert judge(told, await shop.numbered()) == Verdict()
    assert len(told) == len(await shop.numbered())


async def test_missing_topics_are_named_where_the_relay_may_not_make_them(
    store: Store, shared_broker: Broker
) -> None:
    shop = await opened(store, shared_broker, create_topics=False)
    async with shop.relay():
        trouble = await until(shop.trouble)
    assert "there is no topic" in trouble
    assert shop.topic("public") in trouble
