"""Table and topics compared on a real broker, while the relay works; what differs is named, and the relay mends it."""

import asyncio
import random

from services.engine.capture.reconciling import MEND, RESULT, WANTED
from services.engine.capture.state import get, put
from services.engine.relay.feeds import feeds_of
from services.engine.relay.kafka import KafkaBroker
from services.engine.relay.kafka_topics import KafkaTopics
from services.engine.relay.mending import Mended, mend
from services.engine.relay.reconciled import MISSING, UNKNOWN, Outcome
from services.engine.relay.reconciling import Comparison
from tests import workshop
from tests.brokers import Broker
from tests.flow.events.shop import Shop, opened, write_at_random
from tests.seams.brokers.test_promises import message
from tests.stores import Store, open_program
from tests.waiting import until


async def compared(shop: Shop) -> Outcome:
    feeds = feeds_of(workshop.MAPPINGS, shop.settings, workshop.SECRET)
    feed = next(one for one in feeds if one.dataset == workshop.TOOLS)
    return await Comparison(shop.store.database, feed, KafkaTopics(shop.settings), patience=10.0).run()


async def test_nothing_differs_while_writers_go_on_nor_after(store: Store, shared_broker: Broker) -> None:
    shop = await opened(store, shared_broker)
    writer = await open_program(store.url)
    async with shop.relay():
        writing = asyncio.create_task(write_at_random(writer, random.Random(21), 100))
        for _ in range(2):
            assert (await compared(shop)).findings == []
        await writing
        found = await compared(shop)
    await writer.close()
    assert (found.findings, found.moving) == ([], 0)
    assert {side.on_topic.contents.count for side in found.sides} == {found.records}


async def test_what_a_broker_lost_that_the_outbox_no_longer_holds_is_named_and_told_anew(
    sqlite_store: Store, mortal_broker: Broker
) -> None:
    shop = await opened(sqlite_store, mortal_broker)
    async with shop.relay():
        for number in range(5):
            await sqlite_store.program.insert("ws_tool", no=f"t{number}", nm="x")
        await shop.until_drained()
    mortal_broker.stop()
    mortal_broker.wipe()
    mortal_broker.start()
    for forgotten in ("outbox WHERE true", "state WHERE name LIKE 'position.%'"):
        await sqlite_store.program.execute(f"DELETE FROM {sqlite_store.engine(forgotten)}")
    found = await compared(shop)
    topics = {side.topic for side in found.sides}
    assert {(one.record, one.topic, one.what) for one in found.findings} == {
        (f"T{number}", topic, MISSING) for number in range(5) for topic in topics
    }
    database = sqlite_store.database
    assert await mend(found, {workshop.TOOLS: [1, 2]}, database, database, 0) == Mended(told=5)
    async with shop.relay():
        await shop.until_right()
    assert (await compared(shop)).findings == []


async def test_a_ghost_is_retracted_by_the_relay_itself(sqlite_store: Store, shared_broker: Broker) -> None:
    shop = await opened(sqlite_store, shared_broker)
    async with shop.relay():
        await sqlite_store.program.insert("ws_tool", **workshop.HAMMER)
        await shop.until_drained()
        foreign = KafkaBroker(shop.settings)
        await foreign.publish([message(shop.topic("shared"), "ghost", 1)])
        await foreign.close()
        [finding] = (await compared(shop)).findings
        assert (finding.record, finding.what) == ("ghost", UNKNOWN)
        await sqlite_store.database.write(put, {WANTED + workshop.TOOLS: MEND})
        await until(lambda: sqlite_store.database.read(get, RESULT + workshop.TOOLS))
        await shop.until_right()
    assert (await compared(shop)).findings == []
