"""What becomes of changes that were set aside, once a person has decided: tried again, given up, or let go."""

from services.engine.capture.setaside import Chosen, each, give_up, held, let_go, parked, retry
from tests import workshop
from tests.services.engine.relay.memory import MemoryBroker
from tests.services.engine.relay.running import PUBLIC, relaying, standing, told
from tests.stores import Store, drained
from tests.waiting import until


async def _park_a_tool(store: Store, broker: MemoryBroker) -> list[int]:
    """Two changes of the tool T1, of which the broker takes none; their numbers in the outbox."""
    broker.refuses = frozenset({b"T1"})
    await store.program.insert("ws_tool", **workshop.HAMMER)
    await until(lambda: drained(store))
    await store.program.execute("UPDATE ws_tool SET nm = '大锤'")
    await until(lambda: drained(store))
    found = await store.database.read(parked, Chosen(), 9)
    assert [one.version for one in found] == ["1.1", "1.2"]
    return [one.id for one in found]


async def test_changes_that_are_tried_again_go_out_in_their_order(
    each_shop: Store, broker: MemoryBroker
) -> None:
    async with relaying(each_shop, broker):
        _, second = await _park_a_tool(each_shop, broker)
        broker.refuses = frozenset()
        assert await each(each_shop.database, Chosen(id=second), retry) == [2]
        await until(lambda: drained(each_shop))
    assert told(broker.events(PUBLIC)) == [("created", 1), ("updated", 2)]


async def test_changes_that_are_tried_again_in_vain_are_parked_again(
    each_shop: Store, broker: MemoryBroker
) -> None:
    async with relaying(each_shop, broker):
        both = await _park_a_tool(each_shop, broker)
        await each(each_shop.database, Chosen(), retry)
        await until(lambda: drained(each_shop))
        assert [one.id for one in await each_shop.database.read(parked, Chosen(), 9)] == both
    assert broker.events(PUBLIC) == []


async def test_of_what_is_given_up_the_record_is_told_as_it_is_now(
    each_shop: Store, broker: MemoryBroker
) -> None:
    async with relaying(each_shop, broker):
        await _park_a_tool(each_shop, broker)
        broker.refuses = frozenset()
        await each(each_shop.database, Chosen(workshop.TOOLS), give_up)
        await until(lambda: drained(each_shop))
        assert (await standing(each_shop)).parked == 0
    [event] = broker.events(PUBLIC)
    assert (told([event]), event.data) == ([("snapshot", 3)], {"number": "T1", "name": "大锤"})


async def test_a_record_that_still_cannot_be_told_is_parked_as_it_is_now(
    each_shop: Store, broker: MemoryBroker
) -> None:
    async with relaying(each_shop, broker):
        first, _ = await _park_a_tool(each_shop, broker)
        await each(each_shop.database, Chosen(id=first), give_up)
        await until(lambda: drained(each_shop))
        [one] = await each_shop.database.read(parked, Chosen(), 9)
    assert (one.record, one.version) == ("T1", "1.3")


async def test_deletes_that_were_let_go_are_told_and_not_held_again(
    each_shop: Store, broker: MemoryBroker
) -> None:
    async with relaying(each_shop, broker, hold_deletes=3):
        for number in range(6):
            await each_shop.program.insert("ws_tool", no=f"t{number}", nm="x")
        await until(lambda: drained(each_shop))
        await each_shop.program.execute("DELETE FROM ws_tool")
        await until(lambda: drained(each_shop))
        assert [one.deletes for one in await each_shop.database.read(held)] == [6]
        assert await let_go(each_shop.database, workshop.TOOLS) == 6
        await until(lambda: drained(each_shop))
        assert await each_shop.database.read(held) == []
    assert told(broker.events(PUBLIC)).count(("deleted", 2)) == 6
