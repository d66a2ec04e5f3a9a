"""An outbox at its bound, where changes become marks: nothing is lost there, and nothing stands still."""

from services.engine.capture import dirty
from services.engine.capture.attach import attach
from services.engine.capture.captured import captures
from tests import workshop
from tests.services.engine.relay.memory import MemoryBroker
from tests.services.engine.relay.running import PUBLIC, relaying, told
from tests.stores import Store, drained
from tests.waiting import until


async def test_an_outbox_that_is_full_of_changes_rolled_back_has_room_again(
    each_shop: Store, broker: MemoryBroker
) -> None:
    """On PostgreSQL, where a number that was drawn does not come again."""
    await attach(each_shop.database, workshop.MAPPINGS, outbox_limit=4)
    async with each_shop.transaction(rolled_back=True):
        for number in range(6):
            await each_shop.program.insert("ws_tool", no=f"t{number}", nm="x")
    await each_shop.program.insert("ws_tool", no="t9", nm="x")
    async with relaying(each_shop, broker, outbox_limit=4):
        await until(lambda: drained(each_shop))
    assert {one.subject for one in broker.events(PUBLIC)} == {"T9"}


async def test_a_delete_that_is_only_marked_is_told_although_its_create_still_waits(
    each_shop: Store, broker: MemoryBroker
) -> None:
    async with relaying(each_shop, broker):
        await until(lambda: drained(each_shop), what="the first snapshot is taken")
    await attach(each_shop.database, workshop.MAPPINGS, outbox_limit=1)
    await each_shop.program.insert("ws_tool", no="t1", nm="x")
    await each_shop.program.execute("DELETE FROM ws_tool")
    for captured in captures(workshop.TOOL_MAPPINGS):
        await each_shop.database.write(
            dirty.read_again, each_shop.database.dialect, captured, 10, settle_ms=0, hold_deletes=1_000
        )
    async with relaying(each_shop, broker):
        await until(lambda: drained(each_shop))
    assert [deed for deed, _ in told(broker.events(PUBLIC))] == ["created", "deleted"]
