"""The broker goes and comes back, loses what it promised, and relays take over from each other: nothing is lost."""

import asyncio
import random

from tests.brokers import EmbeddedBroker
from tests.flow.events.shop import opened, write_at_random
from tests.stores import Store
from tests.waiting import until
from tests.workshop import HAMMER


async def test_writes_go_on_without_a_broker_and_all_is_sent_when_it_is_back(
    store: Store, mortal_broker: EmbeddedBroker
) -> None:
    shop = await opened(store, mortal_broker)
    async with shop.relay():
        await store.program.insert("ws_tool", **HAMMER)
        await shop.until_drained()
        mortal_broker.stop()
        await write_at_random(store.program, random.Random(3), 30)
        assert "does not do its work" in await until(shop.trouble)
        assert (await shop.status()).unsent > 0
        mortal_broker.start()
        await shop.until_right()
    assert await shop.trouble() == ""


async def test_a_broker_killed_in_the_middle_of_traffic_ends_up_with_every_change(
    store: Store, mortal_broker: EmbeddedBroker
) -> None:
    shop = await opened(store, mortal_broker)
    async with shop.relay():
        for life in range(2):
            await write_at_random(store.program, random.Random(life), 60)
            mortal_broker.kill()
            await write_at_random(store.program, random.Random(life + 10), 20)
            mortal_broker.start()
        await shop.until_right()


async def test_what_a_killed_broker_had_acknowledged_is_sent_again_though_nothing_new_happens(
    store: Store, mortal_broker: EmbeddedBroker
) -> None:
    shop = await opened(store, mortal_broker)
    async with shop.relay():
        await write_at_random(store.program, random.Random(5), 60)
        await shop.until_drained()
        mortal_broker.kill()
        mortal_broker.start()
        await shop.until_right()


async def test_a_broker_that_comes_back_empty_gets_every_record_again(
    store: Store, mortal_broker: EmbeddedBroker
) -> None:
    shop = await opened(store, mortal_broker)
    async with shop.relay():
        await write_at_random(store.program, random.Random(9), 60)
        await shop.until_drained()
        mortal_broker.stop()
        mortal_broker.wipe()
        mortal_broker.start()
        await shop.until_right()


async def test_of_two_relays_one_works_and_the_other_takes_over(
    store: Store, shared_broker: EmbeddedBroker
) -> None:
    shop = await opened(store, shared_broker, lease_seconds=1)
    async with shop.relay("second"):
        async with shop.relay("first"):
            await write_at_random(store.program, random.Random(13), 40)
            await shop.until_drained()
        await write_at_random(store.program, random.Random(14), 40)
        await shop.until_right()


async def test_a_relay_that_dies_holding_the_lease_is_replaced_after_its_end(
    store: Store, shared_broker: EmbeddedBroker
) -> None:
    shop = await opened(store, shared_broker, lease_seconds=1)
    dying = asyncio.create_task(_relay_for_ever(shop))
    await store.program.insert("ws_tool", **HAMMER)
    await shop.until_drained()
    dying.cancel()
    await asyncio.wait([dying])
    await write_at_random(store.program, random.Random(15), 20)
    async with shop.relay("heir"):
        await shop.until_right()


async def _relay_for_ever(shop) -> None:
    async with shop.relay("dying"):
        await asyncio.Event().wait()
