"""The broker loses what it acknowledged, or holds what the relay never sent: what was lately sent goes again."""

from tests.services.engine.relay.memory import MemoryBroker
from tests.services.engine.relay.running import PUBLIC, relaying, told
from tests.stores import Store, drained
from tests.waiting import until
from tests.workshop import HAMMER


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
        await until(lambda: len(broker.events(PUBLIC)) == 10)
    after = broker.events(PUBLIC)
    assert after[-6:] == before
    assert {one.id for one in after} == {one.id for one in before}


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
