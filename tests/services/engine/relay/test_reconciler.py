"""The relay reconciles by itself, when its hours are over or it is wanted; it keeps what it found, and tells it."""

from pathlib import Path
from typing import Any

import orjson

from schemas.wire import control
from schemas.wire.event import Event
from services.client.folding import is_whole
from services.engine.capture import reconciling, snapshot, state
from tests import workshop
from tests.services.engine.relay.memory import MemoryBroker
from tests.services.engine.relay.running import GRANTED, PUBLIC, SHARED, relaying
from tests.services.engine.relay.test_reconciling import compared, haunt, three_tools, unseen
from tests.stores import Store, drained, opened
from tests.waiting import until

CONTROL = PUBLIC.replace(".public", ".control")


async def want(store: Store, how: str) -> None:
    await store.database.write(reconciling.want, workshop.TOOLS, how)


async def result(store: Store) -> dict[str, Any] | None:
    text = await store.database.read(state.get, reconciling.RESULT + workshop.TOOLS)
    return None if text is None else dict(orjson.loads(text))


def reconciled(broker: MemoryBroker, topic: str = CONTROL) -> list[Event]:
    return [one for one in broker.events(topic) if one.subject == "reconciled"]


async def test_when_its_hours_are_over_a_dataset_is_compared_and_subscribers_are_told(
    shop: Store, broker: MemoryBroker
) -> None:
    await three_tools(shop, broker)
    since = (
        f"UPDATE {shop.engine('state')} SET value = '0' WHERE name = '{reconciling.SINCE}{workshop.TOOLS}'"
    )
    await shop.program.execute(since)
    async with relaying(shop, broker):
        found = await until(lambda: result(shop))
        await until(lambda: reconciled(broker))
    assert found is not None
    assert found.pop("at") > 1_000_000_000
    assert found == {"records": 3, "differing": 0, "moving": 0}
    [event] = reconciled(broker)
    said = control.read(event, control.Reconciled)
    ends = await broker.ends({PUBLIC: 3})
    assert list(said.offsets["public"]) == [end for _, end in sorted(ends.items())]
    copy = {one.subject: one.data for one in broker.events(PUBLIC)}
    assert is_whole(copy, said, "public")
    assert is_whole(dict.fromkeys(copy), said, "granted")
    assert not is_whole(dict.fromkeys(copy), said, "shared")
    assert len(reconciled(broker, CONTROL.replace(".v1.", ".v2."))) == 1


async def test_zero_hours_mean_only_when_it_is_wanted(shop: Store, broker: MemoryBroker) -> None:
    await three_tools(shop, broker)
    await shop.program.execute(
        f"UPDATE {shop.engine('state')} SET value = '0' WHERE name LIKE 'reconcile_since.%'"
    )
    due = await shop.database.read(reconciling.due, [workshop.TOOLS], 0)
    assert due == {}
    await want(shop, reconciling.LOOK)
    due = await shop.database.read(reconciling.due, [workshop.TOOLS], 0)
    assert not reconciling.mends(due[workshop.TOOLS])


async def test_a_snapshot_that_is_wanted_comes_first(shop: Store, broker: MemoryBroker) -> None:
    await three_tools(shop, broker)
    broker.logs.clear()
    await want(shop, reconciling.LOOK)
    await shop.database.write(snapshot.want, workshop.TOOLS, "a test")
    async with relaying(shop, broker):
        found = await until(lambda: result(shop))
    assert found is not None
    assert (found["records"], found["differing"]) == (3, 0)


async def test_looking_mends_nothing(shop: Store, broker: MemoryBroker) -> None:
    await three_tools(shop, broker)
    haunt(broker, "ghost")
    await want(shop, reconciling.LOOK)
    async with relaying(shop, broker):
        found = await until(lambda: result(shop))
        await until(lambda: drained(shop))
    assert found is not None
    assert (found["differing"], found["moving"]) == (1, 0)
    assert broker.events(SHARED)[-1].subject != "ghost" or not broker.events(SHARED)[-1].deleted


async def test_what_is_mended_is_looked_at_once_more(each_shop: Store, broker: MemoryBroker) -> None:
    await three_tools(each_shop, broker)
    await unseen(each_shop, "DELETE FROM ws_tool WHERE no = 't1'")
    haunt(broker, "ghost")
    await want(each_shop, reconciling.MEND)

    async def all_is_well() -> bool:
        found = await result(each_shop)
        return found is not None and (found["records"], found["differing"], found["moving"]) == (2, 0, 0)

    async with relaying(each_shop, broker):
        await until(all_is_well)
    assert {one.subject for one in broker.events(SHARED) if one.deleted} == {"T1", "ghost"}
    assert {one.subject for one in broker.events(GRANTED) if one.deleted} == {"T1", "ghost"}
    assert await each_shop.database.read(reconciling.due, [workshop.TOOLS], 24) == {}


async def test_what_a_restored_database_does_not_know_is_retracted_in_the_new_epoch(
    shop: Store, broker: MemoryBroker, tmp_path: Path
) -> None:
    await three_tools(shop, broker)
    await shop.program.execute(f"VACUUM INTO '{tmp_path / 'backup.sqlite'}'")
    async with relaying(shop, broker):
        await shop.program.insert("ws_tool", no="t9", nm="after the backup")
        await until(lambda: drained(shop))
    async with opened(f"sqlite:///{tmp_path / 'backup.sqlite'}") as restored, relaying(restored, broker):
        await until(lambda: any(one.subject == "T9" and one.deleted for one in broker.events(GRANTED)))
        await until(lambda: drained(restored))
        [retraction] = [one for one in broker.events(PUBLIC) if one.subject == "T9" and one.deleted]
        assert retraction.order == (2, 0)
        assert (await compared(restored, broker)).findings == []
        await restored.program.insert("ws_tool", no="t9", nm="comes again")
        await until(lambda: drained(restored))
    newest = [one for one in broker.events(PUBLIC) if one.subject == "T9"][-1]
    assert newest.order > retraction.order


async def test_more_deletes_than_may_go_are_only_reported(shop: Store, broker: MemoryBroker) -> None:
    await three_tools(shop, broker)
    await unseen(shop, "DELETE FROM ws_tool")
    await want(shop, reconciling.MEND)
    async with relaying(shop, broker, hold_deletes=2):
        found = await until(lambda: result(shop))
        await until(lambda: drained(shop))
    assert found is not None
    assert found["differing"] == 3
    assert not any(one.deleted for one in broker.events(PUBLIC))
    assert await shop.database.read(reconciling.due, [workshop.TOOLS], 24) == {}


async def test_a_wish_that_comes_meanwhile_is_not_forgotten(shop: Store, broker: MemoryBroker) -> None:
    await three_tools(shop, broker)
    counted = {"records": 0, "differing": 0, "moving": 0}
    wishes = []
    for how in (reconciling.LOOK, reconciling.MEND, reconciling.MEND):
        await want(shop, how)
        wishes += (await shop.database.read(reconciling.due, [workshop.TOOLS], 0)).values()
    for wish in wishes:
        answered = reconciling.Answered(wish, mended=False)
        assert await shop.database.read(reconciling.due, [workshop.TOOLS], 0) == {workshop.TOOLS: wishes[-1]}
        await shop.database.write(reconciling.keep, workshop.TOOLS, counted, {}, answered)
    assert await shop.database.read(reconciling.due, [workshop.TOOLS], 0) == {}


async def test_a_comparison_that_fails_stops_nothing_else(shop: Store, broker: MemoryBroker) -> None:
    await three_tools(shop, broker)
    await want(shop, reconciling.LOOK)
    broker.unreadable = True
    async with relaying(shop, broker):
        await until(lambda: broker.looks > 0)
        await shop.program.insert("ws_tool", **workshop.HAMMER | {"no": "later"})
        await until(lambda: drained(shop))
    assert {one.subject for one in broker.events(PUBLIC)} >= {"LATER"}
    assert await result(shop) is None
