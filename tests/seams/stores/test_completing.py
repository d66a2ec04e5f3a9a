"""Tables of before gain the columns that newer mappings show, and keep all that they have; on each database."""

from collections.abc import Collection
from dataclasses import replace

import pytest

from services.engine.capture.attach import attach
from services.engine.capture.fit import stale
from services.engine.mapping.model import Mapping
from services.engine.source.sql.completing import CannotComplete
from services.engine.source.sql.ddl import complete_tables, create_tables
from tests.stores import Store, patience, reused_postgresql, store
from tests.workshop import HAMMER, LOANS, MAPPINGS, TOOL_MAPPINGS, TOOL_WITHOUT_PRICE

__all__ = ["patience", "reused_postgresql", "store"]

_LATER = ("price", "remark")
_ADDED = ["column ws_tool.remark, text", "column ws_tool.price, numeric(12,2)"]
_BEFORE = {name: value for name, value in HAMMER.items() if name not in _LATER}


def _without(one: Mapping, columns: Collection[str]) -> Mapping:
    """The mapping over its table as it was before it had these."""
    kept = {name: kind for name, kind in one.table.columns.items() if name not in columns}
    return replace(one, table=replace(one.table, columns=kept))


@pytest.fixture
async def of_before(store: Store) -> Store:
    """The tools' table alone, without two of its columns and with one of the department's own; a tool stands in it."""
    await create_tables(store.url, [_without(TOOL_MAPPINGS[0], _LATER)])
    await store.program.execute("ALTER TABLE ws_tool ADD COLUMN note text")
    await store.program.insert("ws_tool", **_BEFORE, note="借出")
    return store


async def test_what_is_missing_is_added_and_said_and_a_second_time_there_is_nothing_to_do(
    of_before: Store,
) -> None:
    assert await complete_tables(of_before.url, MAPPINGS) == [*_ADDED, "table ws_loan"]
    [row] = await of_before.program.rows("SELECT no, nm, note, price, remark FROM ws_tool")
    assert row == (HAMMER["no"], HAMMER["nm"], "借出", None, None)
    await of_before.program.insert("ws_loan", who="张三", n=1)
    assert await complete_tables(of_before.url, MAPPINGS) == []


async def test_the_tables_fit_the_mappings_then(of_before: Store) -> None:
    await complete_tables(of_before.url, MAPPINGS)
    assert await of_before.database.read(lambda connection: stale(connection, MAPPINGS)) == {}


async def test_a_column_of_another_type_stays_as_it_is(store: Store) -> None:
    await store.program.execute("CREATE TABLE ws_loan (who text, N text, LENT date, PRIMARY KEY (who, n))")
    assert await complete_tables(store.url, [one for one in MAPPINGS if one.contract.dataset == LOANS]) == []
    assert (await store.database.read(lambda connection: stale(connection, MAPPINGS)))[LOANS].items


async def test_an_index_over_an_added_column_is_made_with_it_and_no_other(of_before: Store) -> None:
    [first, *_] = TOOL_MAPPINGS
    indexed = replace(first, table=replace(first.table, indexes=(("nm",), ("holder", "price"))))
    assert await complete_tables(of_before.url, [indexed]) == [*_ADDED, "index ix_ws_tool_holder_price"]
    assert await complete_tables(of_before.url, [indexed]) == []


async def test_a_table_that_lacks_its_key_is_another_one_and_nothing_is_done(of_before: Store) -> None:
    await of_before.program.execute("CREATE TABLE ws_loan (who text)")
    with pytest.raises(CannotComplete, match="ws_loan lacks n of its key"):
        await complete_tables(of_before.url, MAPPINGS)
    await of_before.program.execute("DROP TABLE ws_loan")
    assert await complete_tables(of_before.url, MAPPINGS) == [*_ADDED, "table ws_loan"]


async def test_where_changes_are_captured_writes_go_on_and_the_new_column_is_captured_at_the_next_start(
    store: Store,
) -> None:
    before = _without(TOOL_WITHOUT_PRICE, ["price"])
    await create_tables(store.url, [before])
    await attach(store.database, [before], outbox_limit=1_000)
    assert await complete_tables(store.url, TOOL_MAPPINGS) == _ADDED[1:]
    await store.program.insert("ws_tool", **HAMMER)
    await attach(store.database, TOOL_MAPPINGS, outbox_limit=1_000)
    await store.program.execute("UPDATE ws_tool SET price = 7")
    rows = await store.program.rows(f"SELECT new FROM {store.engine('outbox')} ORDER BY id")
    assert len(rows) == 2
    assert "price" in str(rows[-1])
