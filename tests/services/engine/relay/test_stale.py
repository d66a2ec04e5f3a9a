"""What a relay does with a dataset whose table the department has altered: its changes wait, those of the others go
out, and once the table fits again the records are told as they are then."""

import pytest

from services.engine.capture.attach import attach, detach
from services.engine.source.sql.ddl import create_tables
from tests import workshop
from tests.services.engine.relay.memory import MemoryBroker
from tests.services.engine.relay.running import PUBLIC, SHARED, relaying, standing
from tests.stores import Store, drained, opened
from tests.waiting import until

_LOANS = f"dev.{workshop.DIVISION}.{workshop.LOANS}.v1.shared"

#: How a department loses the column nm, or has it in another type, and how it gets it back; by database. On SQLite our
#: triggers must go first: see `_altered`.
_ALTERATIONS = {
    ("sqlite", "dropped"): ("ALTER TABLE ws_tool DROP COLUMN nm",),
    ("postgresql", "dropped"): ("ALTER TABLE ws_tool DROP COLUMN nm",),
    ("sqlite", "retyped"): (
        "ALTER TABLE ws_tool DROP COLUMN nm",
        "ALTER TABLE ws_tool ADD COLUMN nm integer",
    ),
    ("postgresql", "retyped"): ("ALTER TABLE ws_tool ALTER COLUMN nm TYPE integer USING 1",),
}
_BACK = {
    "dropped": ("ALTER TABLE ws_tool ADD COLUMN nm text",),
    "retyped": ("ALTER TABLE ws_tool DROP COLUMN nm", "ALTER TABLE ws_tool ADD COLUMN nm text"),
}


async def _altered(store: Store, *statements: str) -> None:
    if store.name == "sqlite":
        await detach(store.database, workshop.MAPPINGS)
    for one in statements:
        await store.program.execute(one)


async def _marked(store: Store, count: int) -> bool:
    found = await standing(store)
    return (found.unsent, found.dirty, found.parked) == (0, count, 0)


@pytest.mark.parametrize("how", ["dropped", "retyped"])
async def test_changes_of_an_altered_table_wait_as_marks_and_are_told_when_it_fits_again(
    postgresql_store: Store, broker: MemoryBroker, how: str
) -> None:
    store = postgresql_store
    await _make(store)
    async with relaying(store, broker):
        await store.program.insert("ws_tool", **workshop.HAMMER)
        await until(lambda: _told(broker, "锤子"))
        await _altered(store, *_ALTERATIONS[store.name, how])
        await store.program.execute("UPDATE ws_tool SET price = 13")
        second = {"no": "t2", "nm": 7} if how == "retyped" else {"no": "t2"}
        await store.program.insert("ws_tool", **second)
        await until(lambda: _marked(store, 2), what="two records wait")
        await store.program.insert("ws_loan", who="a", n=1)
        await until(lambda: broker.events(_LOANS), what="the other dataset is told")
        assert [one.data["price"] for one in broker.events(SHARED) if one.data] == ["12.50"]
        await _altered(store, *_BACK[how])
        await store.program.execute("UPDATE ws_tool SET nm = '大锤' WHERE no = 't1'")
        await until(lambda: _told(broker, "大锤"), what="the record is told as it is now")
        await until(lambda: drained(store))
    newest = {one.subject: one.data for one in broker.events(SHARED)}
    assert newest == {
        "T1": {"number": "T1", "name": "大锤", "price": "13.00"},
        "T2": {"number": "T2", "name": None, "price": None},
    }


async def test_a_column_that_comes_back_empty_is_told_though_nobody_writes(
    postgresql_store: Store, broker: MemoryBroker
) -> None:
    """No trigger sees that; and no relay need have seen it go."""
    store = postgresql_store
    await _make(store)
    await store.program.insert("ws_tool", **workshop.HAMMER)
    async with relaying(store, broker):
        await until(lambda: _told(broker, "锤子"))
        await until(lambda: drained(store))
        async with store.transaction():
            await _altered(store, *_ALTERATIONS[store.name, "dropped"], *_BACK["dropped"])
        await until(lambda: broker.events(PUBLIC)[-1].data == {"number": "T1", "name": None})
        count = len(broker.events(PUBLIC))
        await until(lambda: drained(store))
    assert len(broker.events(PUBLIC)) == count


async def test_a_relay_rests_while_marks_wait_for_a_table_to_fit_again(
    postgresql_store: Store, broker: MemoryBroker
) -> None:
    """On SQLite it wakes at any write, and at nothing else."""
    store = postgresql_store
    await _make(store)
    await store.program.insert("ws_tool", **workshop.HAMMER)
    async with relaying(store, broker):
        await until(lambda: drained(store))
        await _altered(store, *_ALTERATIONS[store.name, "dropped"])
        await store.program.execute("UPDATE ws_tool SET price = 13")
        await until(lambda: _marked(store, 1), what="the record waits")
        async with opened(store.url) as beside:
            await until(lambda: _at_rest(beside), what="nothing is to be sent")
        await _altered(store, *_BACK["dropped"])
        await until(lambda: drained(store), what="the mark is worked off all the same")


async def _at_rest(store: Store) -> bool:
    return not await store.database.changed()


@pytest.mark.parametrize("how", ["dropped", "retyped"])
async def test_marks_of_a_table_that_does_not_fit_hold_up_no_other_dataset(
    each_shop: Store, broker: MemoryBroker, how: str
) -> None:
    """On SQLite a column goes only with our triggers; put back, they find that they missed something."""
    store = each_shop
    await store.program.insert("ws_tool", **workshop.HAMMER)
    await _altered(store, *_ALTERATIONS[store.name, how])
    outbox, dirty = store.engine("outbox"), store.engine("dirty")
    await store.program.execute(f"DELETE FROM {outbox}")
    for dataset, key in ((workshop.TOOLS, '["t1"]'), (workshop.TOOLS, "*"), (workshop.LOANS, "*")):
        await store.program.execute(
            f"INSERT INTO {dirty} (dataset, raw_key, at, forced) VALUES (?, ?, '', ?)", dataset, key, True
        )
    await store.program.execute("INSERT INTO ws_loan (who, n) VALUES ('a', 1)")
    async with relaying(store, broker):
        await until(lambda: broker.events(_LOANS), what="the other dataset is told")
        assert broker.events(PUBLIC) == []
        await _altered(store, *_BACK[how])
        await store.program.execute("UPDATE ws_tool SET nm = '大锤'")
        await attach(store.database, workshop.MAPPINGS, outbox_limit=1_000)
        await until(lambda: _told(broker, "大锤"), what="the record is told as it is now")


async def _make(store: Store) -> None:
    await create_tables(store.url, workshop.MAPPINGS)
    await attach(store.database, workshop.MAPPINGS, outbox_limit=1_000)


def _told(broker: MemoryBroker, name: str) -> bool:
    return any(one.data is not None and one.data["name"] == name for one in broker.events(PUBLIC))
