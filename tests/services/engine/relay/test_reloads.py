"""The nightly reload, and deletes that are many: what subscribers hear is the difference, and a mistake waits for a
person."""

import pytest

from schemas.wire.event import Event
from services.engine.capture import deletes, state
from services.engine.capture.setaside import let_go
from tests.services.engine.relay.memory import MemoryBroker
from tests.services.engine.relay.running import PUBLIC, relaying, standing, told
from tests.stores import Store, drained
from tests.waiting import until
from tests.workshop import TOOLS

ROWS = 150


async def _load(store: Store, changed: range = range(0)) -> None:
    """All rows at once; those of `changed` otherwise than before."""
    for number in range(ROWS):
        name = "other" if number in changed else "x"
        await store.program.insert("ws_tool", no=f"t{number:03}", nm=name)


async def _stand(store: Store, broker: MemoryBroker) -> None:
    """Everything loaded and told."""
    async with store.transaction():
        await _load(store)
    async with relaying(store, broker):
        await until(lambda: drained(store))
    assert len(broker.events(PUBLIC)) == ROWS


async def _all_held(store: Store) -> bool:
    return (await standing(store)).held == ROWS


async def _newest(store: Store) -> int:
    """The last id of the outbox."""
    [(newest,)] = await store.program.rows(f"SELECT max(id) FROM {store.engine('outbox')}")
    return int(newest)


def _news(broker: MemoryBroker) -> list[Event]:
    """What was told after everything was loaded, in the order of the feed."""
    news = [one for one in broker.events(PUBLIC) if int(one.sequence) > ROWS]
    return sorted(news, key=lambda one: one.sequence)


async def _lets_go(store: Store) -> bool:
    return await drained(store) and (await standing(store)).settling == 0


@pytest.mark.parametrize("batch", [7, 500])
async def test_a_reload_in_one_transaction_tells_only_what_differs(
    each_shop: Store, broker: MemoryBroker, batch: int
) -> None:
    await _stand(each_shop, broker)
    async with each_shop.transaction():
        await each_shop.program.execute("DELETE FROM ws_tool")
        await _load(each_shop, changed=range(100, 105))
    async with relaying(each_shop, broker, relay_batch=batch, hold_deletes=10):
        await until(lambda: drained(each_shop))
    news = _news(broker)
    assert [one.data for one in news] != []
    assert {one.subject for one in news} == {f"T{number}" for number in range(100, 105)}
    assert {deed for deed, _ in told(news)} == {"updated"}


async def test_a_reload_that_outgrows_the_outbox_tells_only_what_differs(
    each_shop: Store, broker: MemoryBroker
) -> None:
    await _stand(each_shop, broker)
    limit = 100
    await each_shop.database.write(state.put, {"outbox_ceiling": str(ROWS + limit)})
    async with each_shop.transaction():
        await each_shop.program.execute("DELETE FROM ws_tool")
        await _load(each_shop, changed=range(2))
    assert (await standing(each_shop)).dirty > 0
    async with relaying(each_shop, broker, outbox_limit=limit, hold_deletes=10):
        await until(lambda: drained(each_shop))
    news = _news(broker)
    assert {(one.subject, deed) for one, (deed, _) in zip(news, told(news), strict=True)} == {
        ("T000", "updated"),
        ("T001", "updated"),
    }


@pytest.mark.parametrize(
    ("threshold", "waits"), [(ROWS - 1, True), (ROWS, False)], ids=["too many", "few enough"]
)
async def test_many_deletes_that_outgrow_the_outbox_wait_for_a_person_all_the_same(
    each_shop: Store, broker: MemoryBroker, threshold: int, waits: bool
) -> None:
    """On SQLite most of them fit and the others leave marks, on PostgreSQL all leave marks."""
    await _stand(each_shop, broker)
    limit = 100
    await each_shop.database.write(state.put, {"outbox_ceiling": str(await _newest(each_shop) + limit)})
    await each_shop.program.execute("DELETE FROM ws_tool")
    assert (await standing(each_shop)).dirty == (ROWS - limit if each_shop.name == "sqlite" else ROWS)
    async with relaying(each_shop, broker, outbox_limit=limit, hold_deletes=threshold):
        if waits:
            await until(lambda: _all_held(each_shop))
            await until(lambda: drained(each_shop))
            assert _news(broker) == []
            assert await let_go(each_shop.database, TOOLS) == ROWS
        await until(lambda: drained(each_shop))
        assert (await standing(each_shop)).held == 0
    assert [deed for deed, _ in told(_news(broker))] == ["deleted"] * ROWS


async def test_of_marks_that_might_be_many_deletes_the_few_that_are_some_are_told(
    each_shop: Store, broker: MemoryBroker
) -> None:
    await _stand(each_shop, broker)
    limit = 20
    await each_shop.database.write(state.put, {"outbox_ceiling": str(await _newest(each_shop) + limit)})
    async with each_shop.transaction():
        await each_shop.program.execute("DELETE FROM ws_tool")
        await _load(each_shop)
        await each_shop.program.execute("DELETE FROM ws_tool WHERE no >= 't100'")
    async with relaying(each_shop, broker, outbox_limit=limit, hold_deletes=50):
        await until(lambda: drained(each_shop))
        found = await standing(each_shop)
    assert (found.settling, found.held) == (0, 0)
    assert {deed for deed, _ in told(_news(broker))} == {"deleted"}
    assert {one.subject for one in _news(broker)} == {f"T{number}" for number in range(100, ROWS)}


async def test_a_reload_in_two_transactions_is_net_within_the_settling_window(
    each_shop: Store, broker: MemoryBroker
) -> None:
    await _stand(each_shop, broker)
    async with relaying(each_shop, broker, settle_ms=60_000, hold_deletes=10):
        await each_shop.program.execute("DELETE FROM ws_tool")
        await until(lambda: drained(each_shop))
        assert (await standing(each_shop)).settling == ROWS
        async with each_shop.transaction():
            await _load(each_shop, changed=range(3))
        await until(lambda: drained(each_shop))
        assert (await standing(each_shop)).settling == 0
    assert {deed for deed, _ in told(_news(broker))} == {"updated"}
    assert len(broker.events(PUBLIC)) == ROWS + 3


async def test_a_record_that_does_not_come_again_in_time_is_told_as_deleted(
    each_shop: Store, broker: MemoryBroker
) -> None:
    await _stand(each_shop, broker)
    async with relaying(each_shop, broker, settle_ms=30):
        await each_shop.program.execute("DELETE FROM ws_tool WHERE no = 't007'")
        await until(lambda: _lets_go(each_shop))
    assert told(_news(broker)) == [("deleted", 2)]


async def test_many_records_that_do_not_come_again_in_time_wait_for_a_person(
    each_shop: Store, broker: MemoryBroker
) -> None:
    await _stand(each_shop, broker)
    async with relaying(each_shop, broker, settle_ms=30, hold_deletes=ROWS - 1):
        await each_shop.program.execute("DELETE FROM ws_tool")
        await until(lambda: _all_held(each_shop))
    assert _news(broker) == []


async def test_many_deletes_wait_for_a_person_and_nothing_else_waits(
    each_shop: Store, broker: MemoryBroker
) -> None:
    await _stand(each_shop, broker)
    async with relaying(each_shop, broker, hold_deletes=50):
        await each_shop.program.execute("DELETE FROM ws_tool WHERE no >= 't050'")
        await until(lambda: drained(each_shop))
        assert (await standing(each_shop)).held == ROWS - 50
        await each_shop.program.execute("UPDATE ws_tool SET nm = 'y' WHERE no = 't000'")
        await each_shop.program.insert("ws_tool", no="t120", nm="back")
        await until(lambda: drained(each_shop))
        assert (await standing(each_shop)).held == ROWS - 51
    assert told(_news(broker)) == [("updated", 2), ("updated", 3)]


async def test_held_deletes_go_when_they_are_let_go(each_shop: Store, broker: MemoryBroker) -> None:
    await _stand(each_shop, broker)
    await each_shop.program.execute("DELETE FROM ws_tool WHERE no >= 't050'")
    async with relaying(each_shop, broker, hold_deletes=50):
        await until(lambda: drained(each_shop))
        await each_shop.database.write(state.put, {deletes.RELEASED + TOOLS: "1000000"})
        await each_shop.program.execute(
            f"UPDATE {each_shop.engine('outbox')} SET parked_because = NULL WHERE parked_because IS NOT NULL"
        )
        await until(lambda: drained(each_shop))
    assert {deed for deed, _ in told(_news(broker))} == {"deleted"}
    assert len(broker.events(PUBLIC)) == ROWS + 100


async def test_changes_of_one_transaction_are_told_as_one_on_postgresql(
    postgresql_shop: Store, broker: MemoryBroker
) -> None:
    async with postgresql_shop.transaction():
        await postgresql_shop.program.insert("ws_tool", no="t1", nm="a")
        await postgresql_shop.program.execute("UPDATE ws_tool SET nm = 'b'")
        await postgresql_shop.program.insert("ws_tool", no="t2", nm="short-lived")
        await postgresql_shop.program.execute("DELETE FROM ws_tool WHERE no = 't2'")
    async with relaying(postgresql_shop, broker):
        await until(lambda: drained(postgresql_shop))
    assert [(one.data, *told([one])[0]) for one in broker.events(PUBLIC)] == [
        ({"number": "T1", "name": "b"}, "created", 2)
    ]
