"""Table and topics compared, on a broker in memory: what differs is named and mended, and nothing else is."""

import asyncio
import random
from collections.abc import Callable
from dataclasses import replace

import pytest

from services.engine.capture import telling
from services.engine.capture.attach import attach, detach
from services.engine.relay.feeds import Feed, feeds_of
from services.engine.relay.mending import Mended, TooManyDeletes, mend
from services.engine.relay.projection import Message
from services.engine.relay.reconciled import DIFFERING, MISSING, UNKNOWN, Outcome
from services.engine.relay.reconciling import CannotCompare, Comparison
from tests import workshop
from tests.flow.events.shop import write_at_random
from tests.seams.brokers.test_promises import message
from tests.services.engine.relay.memory import MemoryBroker
from tests.services.engine.relay.running import GRANTED, PUBLIC, SHARED, make_settings, relaying, told
from tests.stores import Store, drained, open_program
from tests.waiting import until

MAJORS = {workshop.TOOLS: [1, 2], workshop.LOANS: [1]}
PUBLIC_2 = PUBLIC.replace(".v1.", ".v2.")


def feed(store: Store) -> Feed:
    """The tools'."""
    feeds = feeds_of(workshop.MAPPINGS, make_settings(store), workshop.SECRET)
    return next(one for one in feeds if one.dataset == workshop.TOOLS)


async def compared(store: Store, broker: MemoryBroker, patience: float = 5.0) -> Outcome:
    return await Comparison(store.database, feed(store), broker, patience).run()


def named(outcome: Outcome) -> set[tuple[str, str, str]]:
    return {(one.record, one.topic, one.what) for one in outcome.findings}


async def three_tools(store: Store, broker: MemoryBroker) -> None:
    async with relaying(store, broker):
        for number in range(3):
            await store.program.insert("ws_tool", no=f"t{number}", nm="x")
        await until(lambda: drained(store))


async def unseen(store: Store, sql: str) -> None:
    """A write that no trigger sees."""
    if store.name == "postgresql":
        await store.program.execute("SET session_replication_role = replica")
        await store.program.execute(sql)
        await store.program.execute("SET session_replication_role = DEFAULT")
        return
    await detach(store.database, workshop.MAPPINGS)
    await store.program.execute(sql)
    await attach(store.database, workshop.MAPPINGS, outbox_limit=1_000)
    # Attach has noticed the gap; a program may also drop and make triggers by itself.
    await store.program.execute(f"DELETE FROM {store.engine('dirty')}")
    await store.program.execute(f"DELETE FROM {store.engine('state')} WHERE name LIKE 'snapshot.%'")


async def test_after_random_writes_nothing_differs(each_shop: Store, broker: MemoryBroker) -> None:
    async with relaying(each_shop, broker):
        await write_at_random(each_shop.program, random.Random(7), 120)
        await each_shop.program.insert("ws_tool", no="large", nm="字" * 30_000)
        await each_shop.program.insert("ws_tool", no="\\N", nm="its key cannot be read")
        await until(lambda: drained(each_shop))
    found = await compared(each_shop, broker)
    assert (found.findings, found.moving, found.more) == ([], 0, False)
    assert [side.differing for side in found.sides] == [set()] * 6
    [records] = await each_shop.program.rows("SELECT count(*) FROM ws_tool")
    assert found.records == records[0] - 1
    assert {side.on_topic.contents.count for side in found.sides} == {found.records}


async def test_writers_that_go_on_are_no_finding(each_shop: Store, broker: MemoryBroker) -> None:
    writer = await open_program(each_shop.url)
    chance = random.Random(5)
    async with relaying(each_shop, broker, relay_batch=5):
        await write_at_random(each_shop.program, random.Random(1), 20)
        for _ in range(3):
            writing = asyncio.create_task(write_at_random(writer, chance, 15))
            found = await compared(each_shop, broker)
            assert found.findings == []
            await writing
        await until(lambda: drained(each_shop))
    await writer.close()
    found = await compared(each_shop, broker)
    assert (found.findings, found.moving) == ([], 0)


async def test_a_change_on_its_way_is_waited_for_and_else_counted(shop: Store, broker: MemoryBroker) -> None:
    await three_tools(shop, broker)
    await shop.program.execute("UPDATE ws_tool SET nm = 'y' WHERE no = 't1'")
    await shop.program.execute("DELETE FROM ws_tool WHERE no = 't2'")
    found = await compared(shop, broker, patience=0)
    assert (found.findings, found.moving) == ([], 2)
    looking = asyncio.create_task(compared(shop, broker))
    async with relaying(shop, broker):
        found = await looking
    assert (found.findings, found.moving) == ([], 0)


async def test_what_is_set_aside_is_counted_and_not_waited_for(shop: Store, broker: MemoryBroker) -> None:
    await three_tools(shop, broker)
    await shop.program.execute("DELETE FROM ws_tool")
    async with relaying(shop, broker, hold_deletes=2):
        await until(
            lambda: shop.program.rows(f"SELECT 1 FROM {shop.engine('outbox')} WHERE parked_because = 'held'")
        )
        found = await asyncio.wait_for(compared(shop, broker, patience=60), 10)
    assert (found.findings, found.moving) == ([], 3)


async def test_what_the_broker_lost_is_named_and_told_anew(shop: Store, broker: MemoryBroker) -> None:
    await three_tools(shop, broker)
    await shop.program.execute(f"DELETE FROM {shop.engine('outbox')}")
    take_out(broker, lambda one: one.topic == PUBLIC and one.key == b"T1")
    found = await compared(shop, broker)
    assert named(found) == {("T1", PUBLIC, MISSING)}
    assert [len(side.differing) for side in found.sides] == [1, 0, 0, 0, 0, 0]
    assert await mended(shop, broker, found) == Mended(told=1)
    assert told([one for one in broker.events(PUBLIC) if one.subject == "T1"]) == [("snapshot", 2)]


async def test_a_write_that_no_trigger_saw_is_named_and_told(each_shop: Store, broker: MemoryBroker) -> None:
    await three_tools(each_shop, broker)
    await unseen(each_shop, "UPDATE ws_tool SET nm = 'unseen' WHERE no = 't0'")
    await unseen(each_shop, "DELETE FROM ws_tool WHERE no = 't1'")
    await unseen(each_shop, "INSERT INTO ws_tool (no, nm) VALUES ('t9', 'unseen')")
    found = await compared(each_shop, broker)
    topics = {side.topic for side in found.sides}
    assert named(found) == {
        ("T0", PUBLIC, DIFFERING),
        ("T0", SHARED, DIFFERING),
        *(("T1", topic, UNKNOWN) for topic in topics),
        *(("T9", topic, MISSING) for topic in topics),
    }
    assert found.differing == 3
    assert await mended(each_shop, broker, found) == Mended(told=3)
    assert {one.subject for one in broker.events(GRANTED) if one.deleted} == {"T1"}


async def test_a_record_that_only_the_topic_knows_is_retracted_once(
    each_shop: Store, broker: MemoryBroker
) -> None:
    await three_tools(each_shop, broker)
    haunt(broker, "ghost")
    found = await compared(each_shop, broker)
    assert named(found) == {("ghost", SHARED, UNKNOWN)}
    for _ in range(2):
        made = await mend(found, MAJORS, each_shop.database, each_shop.database, 1)
        assert made == Mended(retracted=1)
    async with relaying(each_shop, broker):
        await until(lambda: drained(each_shop))
    assert told([one for one in broker.events(SHARED) if one.subject == "ghost"])[1:] == [("deleted", 8)]
    assert (await compared(each_shop, broker)).findings == []


async def test_a_record_that_nobody_has_named_yet_is_not_taken_for_a_stranger(
    shop: Store, broker: MemoryBroker
) -> None:
    await three_tools(shop, broker)
    await shop.program.execute(
        f"UPDATE {shop.engine('record')} SET pseudonym = NULL WHERE raw_key LIKE '%t1%'"
    )
    await shop.program.execute("DELETE FROM ws_tool WHERE no = 't1'")
    found = await compared(shop, broker, patience=0)
    assert (found.findings, found.moving) == ([], 1)


async def test_more_deletes_than_may_go_wait_for_a_person(shop: Store, broker: MemoryBroker) -> None:
    await three_tools(shop, broker)
    await unseen(shop, "DELETE FROM ws_tool")
    found = await compared(shop, broker)
    with pytest.raises(TooManyDeletes, match="3 records would be deleted"):
        await mend(found, MAJORS, shop.database, shop.database, 2)
    assert (await compared(shop, broker)).differing == 3
    assert await mended(shop, broker, found) == Mended(told=3)


async def test_an_epoch_that_the_database_does_not_know_ends_in_a_new_one(
    shop: Store, broker: MemoryBroker
) -> None:
    await three_tools(shop, broker)
    haunt(broker, "ghost", epoch=4)
    found = await compared(shop, broker)
    made = await mend(found, MAJORS, shop.database, shop.database, None)
    assert made == Mended(new_epoch=True)
    assert await shop.database.read(telling.epoch) == 5


async def test_a_record_whose_version_is_behind_the_topic_is_told_above_it(
    shop: Store, broker: MemoryBroker
) -> None:
    await three_tools(shop, broker)
    haunt(broker, "T1", version=50)
    found = await compared(shop, broker)
    assert named(found) == {("T1", SHARED, DIFFERING)}
    assert await mended(shop, broker, found) == Mended(told=1)
    assert told(broker.events(SHARED))[-1] == ("snapshot", 51)


async def test_a_topic_that_is_not_there_lacks_every_record(shop: Store, broker: MemoryBroker) -> None:
    await three_tools(shop, broker)
    for place in [place for place in broker.logs if place[0] == PUBLIC_2]:
        del broker.logs[place]
    found = await compared(shop, broker)
    assert named(found) == {(f"T{number}", PUBLIC_2, MISSING) for number in range(3)}


async def test_a_table_without_a_column_is_not_compared(shop: Store, broker: MemoryBroker) -> None:
    await three_tools(shop, broker)
    await detach(shop.database, workshop.MAPPINGS)
    await shop.program.execute("ALTER TABLE ws_tool RENAME COLUMN nm TO name")
    with pytest.raises(CannotCompare, match=r"workshop\.tools: the column nm is gone"):
        await compared(shop, broker)


async def test_however_much_differs_it_is_looked_at_in_portions(
    shop: Store, broker: MemoryBroker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.engine.relay.reconciling._MOST_HELD", 3)
    await three_tools(shop, broker)
    broker.logs.clear()
    found = await compared(shop, broker)
    assert found.differing == 3
    assert len(found.findings) == 3 * len(found.sides)


def take_out(broker: MemoryBroker, lost: Callable[[Message], bool]) -> None:
    for log in broker.logs.values():
        log[:] = [one for one in log if not lost(one)]


def haunt(broker: MemoryBroker, subject: str, *, epoch: int = 1, version: int = 7) -> None:
    """Somebody else's event on the audience `shared`'s topic, under a number that was given long ago."""
    foreign = message(SHARED, subject, version)
    said = dict(foreign.headers) | {"ce_recordepoch": str(epoch).encode(), "ce_sequence": b"1"}
    broker.append(replace(foreign, headers=list(said.items()), number=1))


async def mended(store: Store, broker: MemoryBroker, found: Outcome) -> Mended:
    """Mend, have the relay work it off, and find that nothing differs any more."""
    made = await mend(found, MAJORS, store.database, store.database, None)
    async with relaying(store, broker):
        await until(lambda: drained(store))
    after = await compared(store, broker)
    assert (after.findings, after.moving) == ([], 0)
    assert [side.differing for side in after.sides] == [set()] * len(after.sides)
    return made
