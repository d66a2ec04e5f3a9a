"""Whatever breaks, and in whatever order: in the end every topic folds to the table."""

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from schemas.wire.event import from_kafka
from services.engine.capture.database import open_database
from services.engine.relay.feeds import feeds_of
from services.engine.relay.loop import Relay
from tests import workshop
from tests.flow.events.checker import Told, Verdict, judge
from tests.flow.events.shop import Shop, fold, write_at_random
from tests.services.engine.relay.memory import MemoryBroker
from tests.services.engine.relay.running import GRANTED, make_settings, relaying, standing
from tests.stores import Store, drained
from tests.waiting import breath, until

#: What breaks; of these only the last makes a topic forget.
FAULTS = ("death", "away", "no acknowledgement", "lease", "loss")


@pytest.mark.parametrize("seed", range(3))
async def test_in_the_end_every_topic_folds_to_the_table(shop: Store, seed: int) -> None:
    broker, chance = MemoryBroker(), random.Random(seed)
    await _live_through(shop, broker, chance, FAULTS)
    broker.lose(12)
    await _live_in_peace(shop, broker)
    view = Shop(shop, make_settings(shop), broker)
    for major, channel in view.channels:
        assert fold(broker.events(channel.topic)) == await view.projected(major, channel)


@pytest.mark.parametrize("seed", range(3))
async def test_while_the_broker_keeps_its_word_nothing_is_lost_or_goes_back(shop: Store, seed: int) -> None:
    broker, chance = MemoryBroker(), random.Random(seed)
    await _live_through(shop, broker, chance, FAULTS[:-1])
    log = [one for place, log in sorted(broker.logs.items()) if place[0] == GRANTED for one in log]
    events = [from_kafka(one.key, one.value, one.headers) for one in log]
    told = [
        Told(event.subject, event.order, (one.value, one.headers))
        for one, event in zip(log, events, strict=True)
    ]
    assert judge(told, await Shop(shop, make_settings(shop), broker).numbered()) == Verdict()


async def _live_through(
    store: Store, broker: MemoryBroker, chance: random.Random, faults: tuple[str, ...]
) -> None:
    """Several lives of a relay, each with its faults among the writes; then one in peace."""
    for _ in range(8):
        # The one before is dead, so nobody need wait for the end of its lease.
        await store.program.execute(f"UPDATE {store.engine('lease')} SET until = 0")
        async with _mortal(store, broker, chance.randint(1, 9)) as work:
            for fault in chance.sample(faults, 2):
                await write_at_random(store.program, chance, chance.randint(1, 15))
                await _breathe(chance.randrange(60))
                await _break(fault, store, broker, work, chance)
            await _breathe(chance.randrange(60))
        broker.away = False
        broker.loses_acks = 0
        broker.surprises.clear()
    await _live_in_peace(store, broker)


async def _live_in_peace(store: Store, broker: MemoryBroker) -> None:
    await store.program.execute(f"UPDATE {store.engine('lease')} SET until = 0")
    await store.program.execute(f"DELETE FROM {store.engine('state')} WHERE name = 'relay'")
    async with relaying(store, broker):
        await until(lambda: _looked(store), timeout=20)


async def _looked(store: Store) -> bool:
    """Whether the relay has compared what the broker holds, which it then says, and has sent all."""
    return (await standing(store)).relay is not None and await drained(store)


async def _break(
    fault: str, store: Store, broker: MemoryBroker, work: "asyncio.Task[None]", chance: random.Random
) -> None:
    match fault:
        case "death":
            # In the middle of a batch, wherever that is.
            broker.surprises = [*[bool] * chance.randrange(12), work.cancel]
        case "away":
            broker.away = True
        case "no acknowledgement":
            broker.loses_acks = 1
        case "lease":
            await store.program.execute(f"UPDATE {store.engine('lease')} SET fence = fence + 1, until = 0")
        case "loss":
            broker.lose(chance.randint(1, 3))


@asynccontextmanager
async def _mortal(store: Store, broker: MemoryBroker, batch: int) -> AsyncIterator["asyncio.Task[None]"]:
    """A relay that ends with the block at once, in the middle of whatever it does."""
    settings = make_settings(store, relay_batch=batch)
    feeds = feeds_of(workshop.MAPPINGS, settings, workshop.SECRET)
    database = open_database(store.url)
    work = asyncio.create_task(Relay(database, feeds, broker, settings, f"life of {batch}").run())
    try:
        yield work
    finally:
        work.cancel()
        await asyncio.wait([work])
        await database.close()


async def _breathe(times: int) -> None:
    for _ in range(times):
        await asyncio.to_thread(lambda: None)
        await breath()
