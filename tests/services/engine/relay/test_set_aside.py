"""What becomes of changes that were set aside, once a person has decided: tried again, given up, or let go."""

from services.engine.capture.attach import attach
from services.engine.capture.setaside import Chosen, each, give_up, held, let_go, parked, retry
from tests import workshop
from tests.services.engine.relay.memory import MemoryBroker
from tests.services.engine.relay.running import PUBLIC, relaying, standing, told
from tests.stores import Store, drained
from tests.waiting import until


async def _park_a_tool(store: Store, broker: MemoryBroker, changes: int = 1) -> int:
    """A tool T1 of which the broker takes nothing, and which is changed so many times since; the number in the outbox
    of the one change that waits."""
    broker.refuses = frozenset({b"T1"})
    await store.program.insert("ws_tool", **workshop.HAMMER)
    await until(lambda: drained(store))
    for number in range(changes):
        await store.program.execute("UPDATE ws_tool SET nm = ?", f"大锤{number}")
        if number % 20 == 0:
            await until(lambda: drained(store))
    await until(lambda: _gathered(store), what="a mark stands for all that followed")
    [one] = await store.database.read(parked, Chosen(), 9)
    assert one.version == "1.1"
    return one.id


async def _gathered(store: Store) -> bool:
    found = await standing(store)
    return (found.unsent, found.parked, found.dirty) == (0, 1, 1)


async def test_a_change_that_is_tried_again_goes_out_and_then_its_record_as_it_stands(
    each_shop: Store, broker: MemoryBroker
) -> None:
    async with relaying(each_shop, broker):
        first = await _park_a_tool(each_shop, broker)
        broker.refuses = frozenset()
        assert await each(each_shop.database, Chosen(id=first), retry) == [1]
        await until(lambda: drained(each_shop))
    assert told(broker.events(PUBLIC)) == [("created", 1), ("snapshot", 3)]
    assert broker.events(PUBLIC)[-1].data == {"number": "T1", "name": "大锤0"}


async def test_a_change_that_is_tried_again_in_vain_is_parked_again(
    each_shop: Store, broker: MemoryBroker
) -> None:
    async with relaying(each_shop, broker):
        first = await _park_a_tool(each_shop, broker)
        await each(each_shop.database, Chosen(), retry)
        await until(lambda: drained(each_shop))
        await until(lambda: _gathered(each_shop))
        assert [one.id for one in await each_shop.database.read(parked, Chosen(), 9)] == [first]
    assert broker.events(PUBLIC) == []


async def test_however_often_a_record_changes_that_cannot_be_told_one_change_of_it_waits(
    each_shop: Store, broker: MemoryBroker
) -> None:
    """And one mark; what was sent, or given up, goes beyond the outbox's limit."""
    limit = 50
    await attach(each_shop.database, workshop.MAPPINGS, outbox_limit=limit)
    async with relaying(each_shop, broker, outbox_limit=limit, broker_check_seconds=1):
        await _park_a_tool(each_shop, broker, changes=3 * limit)
        await until(lambda: _rows_are_at_most(each_shop, limit + 1), what="what was gathered is pruned")
        broker.refuses = frozenset()
        await each(each_shop.database, Chosen(), retry)
        await until(lambda: drained(each_shop))
    assert broker.events(PUBLIC)[-1].data == {"number": "T1", "name": f"大锤{3 * limit - 1}"}


async def _rows_are_at_most(store: Store, most: int) -> bool:
    [(count,)] = await store.program.rows(f"SELECT count(*) FROM {store.engine('outbox')}")
    return int(count) <= most


async def test_of_a_dataset_that_is_offered_no_more_marks_are_kept_and_all_is_told_when_it_is_offered_again(
    each_shop: Store, broker: MemoryBroker
) -> None:
    for number in range(3):
        await each_shop.program.insert("ws_tool", no=f"t{number}", nm="x")
    others = [one for one in workshop.MAPPINGS if one.contract.dataset != workshop.TOOLS]
    async with relaying(each_shop, broker, others):
        for number in range(20):
            await each_shop.program.execute("UPDATE ws_tool SET nm = ?", f"n{number}")
        await until(lambda: _marked(each_shop, 3), what="a mark stands for each record")
    async with relaying(each_shop, broker):
        await until(lambda: drained(each_shop))
    newest = {one.subject: one.data for one in broker.events(PUBLIC)}
    assert newest == {f"T{one}": {"number": f"T{one}", "name": "n19"} for one in range(3)}


async def _marked(store: Store, count: int) -> bool:
    found = await standing(store)
    return (found.unsent, found.parked, found.dirty) == (0, 0, count)


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
    assert (told([event]), event.data) == ([("snapshot", 3)], {"number": "T1", "name": "大锤0"})


async def test_a_record_that_still_cannot_be_told_is_parked_as_it_is_now(
    each_shop: Store, broker: MemoryBroker
) -> None:
    async with relaying(each_shop, broker):
        first = await _park_a_tool(each_shop, broker)
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
