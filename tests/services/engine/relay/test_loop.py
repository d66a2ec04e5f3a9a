"""What a relay sends, what it says while it cannot, and what it does beside sending."""

import asyncio

import pytest

from services.engine.capture import snapshot
from services.engine.capture.attach import attach, detach
from services.engine.source.sql.ddl import create_tables
from tests import workshop
from tests.services.engine.relay.memory import MemoryBroker
from tests.services.engine.relay.running import GRANTED, PUBLIC, SHARED, relaying, standing, told
from tests.stores import Store, drained
from tests.waiting import until


async def test_a_change_reaches_every_audience_that_it_concerns(
    each_shop: Store, broker: MemoryBroker
) -> None:
    async with relaying(each_shop, broker):
        await each_shop.program.insert("ws_tool", **workshop.HAMMER)
        await until(lambda: drained(each_shop))
    [public], [shared], [granted] = (broker.events(topic) for topic in (PUBLIC, SHARED, GRANTED))
    assert public.data == {"number": "T1", "name": "锤子"}
    assert shared.data == {"number": "T1", "name": "锤子", "price": "12.50"}
    assert granted.data is None
    assert granted.dataref == f"/records/{workshop.KIND}/tools/T1"
    [second] = broker.events(PUBLIC.replace(".v1.", ".v2."))
    assert second.data == {"number": "T1", "made_on": "2020-06-18"}
    assert second.time == "2020-06-17T16:00:00Z"


async def test_a_worry_about_the_way_to_the_broker_is_told_while_all_is_published(
    shop: Store, broker: MemoryBroker
) -> None:
    async def told() -> tuple[str, str] | None:
        word = (await standing(shop)).relay
        return None if word is None or word.worry != broker.worry else (word.trouble, word.worry)

    async with relaying(shop, broker):
        for broker.worry in ("the certificate ends at 2026-12-01 00:00", ""):
            assert await until(told) == ("", broker.worry)
        await shop.program.insert("ws_tool", **workshop.HAMMER)
        await until(lambda: drained(shop))


async def test_an_audience_hears_of_its_own_items_only(shop: Store, broker: MemoryBroker) -> None:
    async with relaying(shop, broker):
        await shop.program.insert("ws_tool", **workshop.HAMMER)
        await shop.program.execute("UPDATE ws_tool SET price = 13")
        await shop.program.execute("UPDATE ws_tool SET holder = '李四'")
        await shop.program.execute("UPDATE ws_tool SET remark = '不予共享'")
        await shop.program.execute("UPDATE ws_tool SET made = '2020-06-18'")
        await shop.program.execute("UPDATE ws_tool SET nm = '大锤'")
        await until(lambda: drained(shop))
    assert told(broker.events(PUBLIC)) == [("created", 1), ("updated", 6)]
    assert told(broker.events(SHARED)) == [("created", 1), ("updated", 2), ("updated", 6)]
    assert told(broker.events(GRANTED)) == [("created", 1), ("updated", 2), ("updated", 3), ("updated", 6)]


async def test_a_delete_is_a_tombstone_for_everybody(shop: Store, broker: MemoryBroker) -> None:
    async with relaying(shop, broker):
        await shop.program.insert("ws_tool", **workshop.HAMMER)
        await shop.program.execute("DELETE FROM ws_tool")
        await until(lambda: drained(shop))
    for topic in (PUBLIC, SHARED, GRANTED):
        assert told(broker.events(topic))[-1] == ("deleted", 2)
        assert [one.value for log in broker.logs.values() for one in log if one.topic == topic][-1] is None


async def test_a_feed_is_numbered_without_gaps_in_the_order_of_sending(
    each_shop: Store, broker: MemoryBroker
) -> None:
    async with relaying(each_shop, broker, relay_batch=3):
        for number in range(10):
            await each_shop.program.insert("ws_tool", no=f"t{number}", nm="x")
        await until(lambda: drained(each_shop))
    numbers = {one.number for place, log in broker.logs.items() if workshop.TOOLS in place[0] for one in log}
    # What is no change bears the last number: at first that is none.
    assert numbers == set(range(len(numbers)))
    assert len(broker.events(GRANTED)) == 10


async def test_the_record_id_is_known_before_its_event_is_sent(shop: Store, broker: MemoryBroker) -> None:
    broker.held = asyncio.Event()
    named = f"SELECT pseudonym FROM {shop.engine('record')} WHERE pseudonym IS NOT NULL"
    async with relaying(shop, broker):
        await shop.program.insert("ws_loan", who="张三", n=1)
        await until(lambda: shop.program.rows(named), what="the record has its id")
        assert broker.batches == 0
        broker.held.set()
        await until(lambda: drained(shop))
    [event] = broker.events(f"dev.{workshop.DIVISION}.{workshop.LOANS}.v1.granted")
    assert await shop.program.rows(named) == [(event.subject,)]
    assert "张三" not in event.subject


async def test_an_audience_that_sees_no_item_of_a_dataset_hears_nothing_of_it(
    shop: Store, broker: MemoryBroker
) -> None:
    async with relaying(shop, broker):
        await shop.program.insert("ws_loan", who="张三", n=1)
        await until(lambda: drained(shop))
    assert broker.events(f"dev.{workshop.DIVISION}.{workshop.LOANS}.v1.public") == []
    [shared] = broker.events(f"dev.{workshop.DIVISION}.{workshop.LOANS}.v1.shared")
    assert shared.data == {"count": 1}


async def test_a_lost_acknowledgement_means_the_same_bytes_again(shop: Store, broker: MemoryBroker) -> None:
    async with relaying(shop, broker):
        await until(lambda: drained(shop))
        broker.loses_acks = 2
        await shop.program.insert("ws_tool", **workshop.HAMMER)
        await until(lambda: drained(shop))
    sent = [
        (one.key, one.value, one.headers)
        for log in broker.logs.values()
        for one in log
        if one.topic == PUBLIC
    ]
    assert len(sent) == 3
    assert sent[0] == sent[1] == sent[2]


async def test_while_the_broker_is_away_the_relay_says_so_and_then_all_is_sent(
    shop: Store, broker: MemoryBroker
) -> None:
    broker.away = True
    async with relaying(shop, broker):
        await shop.program.insert("ws_tool", **workshop.HAMMER)
        await until(lambda: _troubled(shop))
        assert (await standing(shop)).unsent > 0
        broker.away = False
        await until(lambda: drained(shop))
        found = await standing(shop)
    assert found.relay is not None
    assert found.relay.trouble == ""
    assert told(broker.events(PUBLIC)) == [("created", 1)]


async def test_what_cannot_be_published_is_parked_and_holds_up_its_own_record_alone(
    each_shop: Store, broker: MemoryBroker
) -> None:
    broker.refuses = frozenset({b"T1"})
    async with relaying(each_shop, broker):
        await each_shop.program.insert("ws_tool", **workshop.HAMMER)
        await each_shop.program.insert("ws_tool", no="t2", nm="钳子")
        await until(lambda: drained(each_shop))
        broker.refuses = frozenset()
        await each_shop.program.execute("UPDATE ws_tool SET nm = 'x'")
        await until(lambda: drained(each_shop))
        assert (await standing(each_shop)).parked > 0
        assert [one.subject for one in broker.events(PUBLIC)] == ["T2", "T2"]
        await each_shop.program.execute(f"UPDATE {each_shop.engine('outbox')} SET parked_because = NULL")
        await until(lambda: drained(each_shop))
    mine = [one for one in broker.events(PUBLIC) if one.subject == "T1"]
    assert (told(mine[:1]), mine[-1].data) == ([("created", 1)], {"number": "T1", "name": "x"})


@pytest.mark.parametrize(
    ("forced", "unchanged"), [(True, ("snapshot", 2)), (False, ("created", 1))], ids=["forced", "net"]
)
async def test_every_record_marked_is_read_again_and_those_that_are_gone_are_deleted(
    each_shop: Store, broker: MemoryBroker, forced: bool, unchanged: tuple[str, int]
) -> None:
    for number in range(3):
        await each_shop.program.insert("ws_tool", no=f"t{number}", nm="x")
    async with relaying(each_shop, broker):
        await until(lambda: drained(each_shop))
    await _unseen(each_shop, "DELETE FROM ws_tool WHERE no = 't0'")
    await _unseen(each_shop, "INSERT INTO ws_tool (no, nm) VALUES ('t9', 'unseen')")
    await each_shop.database.write(snapshot.want, workshop.TOOLS, "a test", forced=forced)
    async with relaying(each_shop, broker):
        await until(lambda: drained(each_shop))
    newest = {one.subject: told([one])[0] for one in broker.events(PUBLIC)}
    assert newest == {
        "T0": ("deleted", 2),
        "T1": unchanged,
        "T2": unchanged,
        "T9": ("snapshot", 1),
    }


async def test_beyond_the_ceiling_marks_stand_for_changes_until_there_is_room(
    each_shop: Store, broker: MemoryBroker
) -> None:
    await attach(each_shop.database, workshop.MAPPINGS, outbox_limit=4)
    for number in range(12):
        await each_shop.program.insert("ws_tool", no=f"t{number}", nm="x")
    async with relaying(each_shop, broker, outbox_limit=4):
        await until(lambda: drained(each_shop))
    assert {one.subject for one in broker.events(PUBLIC)} == {f"T{number}" for number in range(12)}
    await each_shop.program.insert("ws_tool", no="later", nm="x")
    assert (await standing(each_shop)).unsent == 1


async def test_sent_changes_are_deleted_after_a_while(each_shop: Store, broker: MemoryBroker) -> None:
    async with relaying(each_shop, broker):
        await each_shop.program.insert("ws_tool", **workshop.HAMMER)
        await until(lambda: drained(each_shop))
        assert not await _emptied(each_shop)
    await each_shop.program.execute(f"UPDATE {each_shop.engine('outbox')} SET sent_at = sent_at - 700")
    async with relaying(each_shop, broker):
        await until(lambda: _emptied(each_shop))


async def test_records_that_stood_before_capture_get_their_ids_and_are_told(
    store: Store, broker: MemoryBroker
) -> None:
    await create_tables(store.url, workshop.MAPPINGS)
    await store.program.insert("ws_tool", **workshop.HAMMER)
    await attach(store.database, workshop.MAPPINGS, outbox_limit=1_000)
    names = f"SELECT pseudonym FROM {store.engine('record')} WHERE pseudonym IS NOT NULL"
    async with relaying(store, broker):
        await until(lambda: drained(store))
        assert await store.program.rows(names) == [("T1",)]
    assert told(broker.events(PUBLIC)) == [("snapshot", 2)]


async def test_a_row_whose_key_cannot_be_read_holds_up_nobody(shop: Store, broker: MemoryBroker) -> None:
    async with relaying(shop, broker):
        await shop.program.insert("ws_tool", no="\\N", nm="x")
        await shop.program.execute("UPDATE ws_tool SET no = 't1'")
        await until(lambda: drained(shop))
        assert (await standing(shop)).parked == 0
    assert [(one.subject, *told([one])[0]) for one in broker.events(PUBLIC)] == [("T1", "created", 1)]


async def test_a_projection_that_is_too_large_is_left_to_be_fetched(
    shop: Store, broker: MemoryBroker
) -> None:
    async with relaying(shop, broker):
        await shop.program.insert("ws_tool", no="t1", nm="字" * 30_000)
        await until(lambda: drained(shop))
    [event] = broker.events(PUBLIC)
    assert (event.data, event.dataref) == (None, f"/records/{workshop.KIND}/tools/T1")


async def _unseen(store: Store, sql: str) -> None:
    """A write that no trigger sees."""
    await detach(store.database, workshop.MAPPINGS)
    await store.program.execute(sql)
    await attach(store.database, workshop.MAPPINGS, outbox_limit=1_000)


async def _troubled(store: Store) -> bool:
    found = await standing(store)
    return found.relay is not None and found.relay.trouble == "the broker is away"


async def _emptied(store: Store) -> bool:
    return not await store.program.rows(f"SELECT 1 FROM {store.engine('outbox')}")
