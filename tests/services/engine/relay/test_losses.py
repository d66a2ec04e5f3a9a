"""The broker loses what it acknowledged, or holds what the relay never sent: what was lately sent goes again."""

from services.engine.capture.attach import attach
from tests.services.engine.relay.memory import MemoryBroker
from tests.services.engine.relay.running import PUBLIC, relaying, told
from tests.stores import Store, drained
from tests.waiting import until
from tests.workshop import HAMMER, MAPPINGS, TOOLS


async def test_messages_that_the_broker_lost_are_sent_again_in_their_order(
    shop: Store, broker: MemoryBroker
) -> None:
    async with relaying(shop, broker):
        await shop.program.insert("ws_tool", **HAMMER)
        for number in range(5):
            await shop.program.execute(f"UPDATE ws_tool SET nm = 'n{number}'")
        await until(lambda: drained(shop))
    before = broker.events(PUBLIC)
    broker.lose(2)
    async with relaying(shop, broker):
        await until(lambda: len(broker.events(PUBLIC)) >= 10)
    # What may follow is a snapshot: other topics lost all that they had.
    assert broker.events(PUBLIC)[:10] == before[:4] + before


async def test_a_loss_while_at_work_is_noticed_by_the_next_acknowledgement(
    shop: Store, broker: MemoryBroker
) -> None:
    async with relaying(shop, broker):
        for number in range(12):
            await shop.program.insert("ws_tool", no=f"t{number}", nm="x")
        await until(lambda: drained(shop))
        broker.lose(1)
        await shop.program.execute("UPDATE ws_tool SET nm = 'after the loss'")
        await until(lambda: drained(shop))
    for number in range(12):
        of_one = [one for one in broker.events(PUBLIC) if one.subject == f"T{number}"]
        assert told(of_one)[-2:] == [("created", 1), ("updated", 2)]


async def test_what_is_sent_again_is_gathered_in_short_transactions_before_any_of_it_goes(
    each_shop: Store, broker: MemoryBroker
) -> None:
    """From the newest on, so that whoever takes over meanwhile finds the loss as it was; and the lease is renewed by
    each of them."""
    await attach(each_shop.database, MAPPINGS, outbox_limit=10_000)
    async with relaying(each_shop, broker):
        for number in range(20):
            await each_shop.program.insert("ws_tool", no=f"t{number}", nm="x")
        for number in range(60):
            await each_shop.program.execute(f"UPDATE ws_tool SET nm = 'n{number}'")
        await until(lambda: drained(each_shop))
    before, batches = broker.events(PUBLIC), broker.batches
    broker.lose(1)
    await _refuse_to_forget(each_shop, 30)
    async with relaying(each_shop, broker):
        await until(lambda: _unsent(each_shop), what="some of it counts as unsent")
    assert broker.batches == batches
    ids = await _unsent(each_shop)
    mine = await each_shop.program.rows(
        f"SELECT id FROM {each_shop.engine('outbox')} WHERE dataset = ? AND id >= ? ORDER BY id",
        TOOLS,
        ids[0],
    )
    assert ids == [one for (one,) in mine]
    assert ids[0] > 30
    await _let_forget(each_shop)
    async with relaying(each_shop, broker):
        await until(lambda: len(broker.events(PUBLIC)) >= 2 * len(before) - 3)
        await until(lambda: drained(each_shop))
    for number in range(20):
        [mine, again] = (
            [one for one in events if one.subject == f"T{number}"]
            for events in (before, broker.events(PUBLIC))
        )
        assert again[-len(mine) :] == mine


async def test_an_emptied_broker_gets_every_record_again(shop: Store, broker: MemoryBroker) -> None:
    async with relaying(shop, broker):
        await shop.program.insert("ws_tool", **HAMMER)
        await shop.program.insert("ws_tool", no="t2", nm="钳子")
        await until(lambda: drained(shop))
    await shop.program.execute(f"DELETE FROM {shop.engine('outbox')}")
    broker.logs.clear()
    async with relaying(shop, broker):
        await until(lambda: len(broker.events(PUBLIC)) == 2)
        await until(lambda: drained(shop))
    assert sorted(told(broker.events(PUBLIC))) == [("snapshot", 2), ("snapshot", 2)]


async def test_a_message_of_somebody_else_in_our_topic_has_the_newest_sent_again(
    shop: Store, broker: MemoryBroker
) -> None:
    """As a relay would write that was paused for longer than its lease."""
    async with relaying(shop, broker):
        await shop.program.insert("ws_tool", **HAMMER)
        await shop.program.execute("UPDATE ws_tool SET nm = 'newer'")
        await until(lambda: drained(shop))
    for log in broker.logs.values():
        log.extend(log[:1])
    assert told(broker.events(PUBLIC))[-1] == ("created", 1)
    async with relaying(shop, broker):
        await until(lambda: len(broker.events(PUBLIC)) == 5)
    assert told(broker.events(PUBLIC))[-2:] == [("created", 1), ("updated", 2)]


async def test_what_somebody_else_wrote_that_the_outbox_no_longer_undoes_is_found_and_mended(
    shop: Store, broker: MemoryBroker
) -> None:
    """As a relay would write that was paused for so long that what it had in hand is deleted, sent and forgotten."""
    async with relaying(shop, broker):
        await shop.program.insert("ws_tool", **HAMMER)
        await until(lambda: drained(shop))
        late = {topic: log[:1] for topic, log in broker.logs.items() if "control" not in topic}
        await shop.program.execute("DELETE FROM ws_tool")
        await until(lambda: drained(shop))
    await shop.program.execute(f"DELETE FROM {shop.engine('outbox')}")
    for topic, messages in late.items():
        broker.logs[topic].extend(messages)
    assert not broker.events(PUBLIC)[-1].deleted
    async with relaying(shop, broker):
        await until(lambda: broker.events(PUBLIC)[-1].deleted)


async def _unsent(store: Store) -> list[int]:
    query = f"SELECT id FROM {store.engine('outbox')} WHERE dataset = ? AND sent_at IS NULL ORDER BY id"
    return [one for (one,) in await store.program.rows(query, TOOLS)]


async def _refuse_to_forget(store: Store, number: int) -> None:
    """The database takes no word that the change of this number was not sent."""
    outbox = store.engine("outbox")
    refuse = "SELECT RAISE(ABORT, 'no')"
    if store.name == "postgresql":
        await store.program.execute(
            "CREATE FUNCTION refuses() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'no'; END $$"
        )
    does = f"BEGIN {refuse}; END" if store.name == "sqlite" else "EXECUTE FUNCTION refuses()"
    each = f"FOR EACH ROW WHEN (OLD.id = {number} AND NEW.sent_at IS NULL)"
    await store.program.execute(f"CREATE TRIGGER refuses BEFORE UPDATE ON {outbox} {each} {does}")


async def _let_forget(store: Store) -> None:
    of_table = "" if store.name == "sqlite" else f" ON {store.engine('outbox')}"
    await store.program.execute(f"DROP TRIGGER refuses{of_table}")
