"""The broker goes and comes back, loses what it promised, and relays take over from each other: nothing is lost."""

import random

from tests.brokers import Broker
from tests.flow.events.checker import Verdict, judge
from tests.flow.events.shop import opened, write_at_random
from tests.stores import Store
from tests.waiting import until
from tests.workshop import HAMMER


async def test_writes_go_on_without_a_broker_and_all_is_sent_when_it_is_back(
    sqlite_store: Store, mortal_broker: Broker
) -> None:
    shop = await opened(sqlite_store, mortal_broker)
    async with shop.relay():
        await sqlite_store.program.insert("ws_tool", **HAMMER)
        await shop.until_drained()
        mortal_broker.stop()
        await write_at_random(sqlite_store.program, random.Random(3), 30)
        assert "does not do its work" in await until(shop.trouble)
        assert (await shop.status()).unsent > 0
        mortal_broker.start()
        await shop.until_right()
    assert await shop.trouble() == ""


async def test_a_broker_killed_in_the_middle_of_traffic_ends_up_with_every_change(
    sqlite_store: Store, mortal_broker: Broker
) -> None:
    shop = await opened(sqlite_store, mortal_broker)
    async with shop.relay():
        for life in range(2):
            await write_at_random(sqlite_store.program, random.Random(life), 60)
            mortal_broker.kill()
            await write_at_random(sqlite_store.program, random.Random(life + 10), 20)
            mortal_broker.start()
        await shop.until_right()


async def test_what_a_killed_broker_had_acknowledged_is_sent_again_though_nothing_new_happens(
    sqlite_store: Store, mortal_broker: Broker
) -> None:
    shop = await opened(sqlite_store, mortal_broker)
    async with shop.relay():
        await write_at_random(sqlite_store.program, random.Random(5), 60)
        await shop.until_drained()
        mortal_broker.kill()
        mortal_broker.start()
        await shop.until_right()


async def test_a_broker_that_comes_back_empty_gets_every_record_again(
    sqlite_store: Store, mortal_broker: Broker
) -> None:
    shop = await opened(sqlite_store, mortal_broker)
    async with shop.relay():
        await write_at_random(sqlite_store.program, random.Random(9), 60)
        await shop.until_drained()
        mortal_broker.stop()
        mortal_broker.wipe()
        mortal_broker.start()
        await shop.until_right()


async def test_a_relay_that_is_told_to_stop_leaves_its_work_to_the_next_at_once(
    sqlite_store: Store, shared_broker: Broker
) -> None:
    shop = await opened(sqlite_store, shared_broker, lease_seconds=60)
    async with shop.relay("first"):
        await write_at_random(sqlite_store.program, random.Random(13), 20)
        await shop.until_drained()
    async with shop.relay("second"):
        await write_at_random(sqlite_store.program, random.Random(14), 20)
        await shop.until_right()


async def test_a_relay_that_dies_in_the_middle_of_its_work_is_replaced_when_its_lease_ends(
    sqlite_store: Store, shared_broker: Broker
) -> None:
    shop = await opened(sqlite_store, shared_broker, lease_seconds=1)
    async with shop.relay("dying") as dying:
        await write_at_random(sqlite_store.program, random.Random(15), 20)
        dying.cancel()
        async with shop.relay("heir"):
            await write_at_random(sqlite_store.program, random.Random(16), 20)
            await shop.until_right()


async def test_relays_that_take_the_lease_from_each_other_neither_lose_nor_misorder(
    store: Store, shared_broker: Broker
) -> None:
    shop = await opened(store, shared_broker, lease_seconds=1, relay_batch=5)
    async with shop.relay("one"), shop.relay("other"):
        for turn in range(6):
            await write_at_random(store.program, random.Random(turn), 20)
            await store.program.execute(f"UPDATE {store.engine('lease')} SET fence = fence + 1, until = 0")
        await shop.until_right()
    assert judge(await shop.told(shop.topic("granted")), await shop.numbered()) == Verdict()
