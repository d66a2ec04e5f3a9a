"""What becomes of a dataset whose table the department alters under the running service: it is stale, and says why; the
others answer, and the department's programs write as ever."""

import sqlite3
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from schemas.contracts.model import Contract
from schemas.query.bound import BoundColumn, BoundQuery
from services.engine.capture.attach import attach, detach
from services.engine.settings import Settings
from services.engine.source.port import DatasetStale, RecordSource
from services.engine.source.sql.ddl import create_tables
from services.engine.source.sql.opening import open_source
from tests import workshop
from tests.stores import Program, Store, patience, reused_postgresql, store
from tests.workshop import LOANS, LOANS_1, MAPPINGS, TOOLS, TOOLS_1

__all__ = ["patience", "reused_postgresql", "store"]

_GONE, _RETYPED = "its column is gone", "its column has another type"


@dataclass
class Workshop:
    """Two tables of one department, with a row in each, and the source over them."""

    store: Store
    source: RecordSource

    @property
    def name(self) -> str:
        return self.store.name

    @property
    def program(self) -> Program:
        return self.store.program

    async def alter(self, *statements: str) -> None:
        """As the department does it; on SQLite it must take our triggers away first."""
        if self.name == "sqlite":
            await detach(self.store.database, MAPPINGS)
        for one in statements:
            await self.program.execute(one)

    async def names(self) -> list[object]:
        return await _read(self.source, TOOLS_1, "name")

    async def counts(self) -> list[object]:
        return await _read(self.source, LOANS_1, "count")


async def _read(source: RecordSource, contract: Contract, item: str) -> list[object]:
    query = BoundQuery(contract, (BoundColumn(item, contract.items[item]),))
    return [row[0] for row in (await source.page(query, limit=10)).rows]


@pytest.fixture
async def shop(store: Store) -> AsyncIterator[Workshop]:
    await create_tables(store.url, MAPPINGS)
    await attach(store.database, MAPPINGS, outbox_limit=1_000)
    await store.program.insert("ws_tool", **workshop.HAMMER)
    await store.program.insert("ws_loan", who="张三", n=1)
    settings = Settings(
        kind=workshop.KIND,
        division=workshop.DIVISION,
        pseudonym_key_file=Path("unread"),
        database_url=store.url,
    )
    async with open_source(MAPPINGS, settings, workshop.SECRET) as source:
        yield Workshop(store, source)


async def _stale(shop: Workshop) -> DatasetStale:
    with pytest.raises(DatasetStale) as stale:
        await shop.names()
    return stale.value


async def test_a_dropped_column_makes_its_dataset_stale_until_it_is_back(shop: Workshop) -> None:
    assert await shop.names() == ["锤子"]
    await shop.alter("ALTER TABLE ws_tool DROP COLUMN nm")
    assert (await _stale(shop)).items == {"name": _GONE}
    assert await shop.counts() == [1]
    assert await shop.source.check() == {TOOLS: "the column nm is gone"}
    await shop.program.execute("INSERT INTO ws_tool (no) VALUES ('t2')")
    await shop.alter("ALTER TABLE ws_tool ADD COLUMN nm text")
    assert await shop.source.check() == {}
    assert await shop.names() == [None, None]


async def test_everything_asked_of_a_stale_dataset_is_answered_alike(shop: Workshop) -> None:
    await shop.alter("ALTER TABLE ws_tool DROP COLUMN nm")
    await shop.source.check()
    source, values = shop.source, {"number": "T9", "name": "x"}
    for ask in (
        lambda: source.count(BoundQuery(TOOLS_1)),
        lambda: source.estimate(TOOLS),
        lambda: source.keys(TOOLS, ["T1"]),
        lambda: source.version(TOOLS, ("T1",)),
        lambda: source.create(TOOLS, 1, values),
        lambda: source.change(TOOLS, 1, ("T1",), {"name": "x"}, None),
        lambda: source.delete(TOOLS, ("T1",), None),
    ):
        with pytest.raises(DatasetStale):
            await ask()


async def test_a_write_through_the_service_meets_the_change_as_a_read_does(shop: Workshop) -> None:
    await shop.alter("ALTER TABLE ws_tool DROP COLUMN nm")
    with pytest.raises(DatasetStale):
        await shop.source.change(TOOLS, 1, ("T1",), {"name": "x"}, None)


_RETYPINGS = {
    "sqlite": (
        "CREATE TABLE anew (no text PRIMARY KEY, nm integer, made text, holder text, remark text, price numeric)",
        "INSERT INTO anew SELECT no, 1, made, holder, remark, price FROM ws_tool",
        "DROP TABLE ws_tool",
        "ALTER TABLE anew RENAME TO ws_tool",
    ),
    "postgresql": ("ALTER TABLE ws_tool ALTER COLUMN nm TYPE integer USING 1",),
}


async def test_a_column_of_another_type_makes_its_dataset_stale(shop: Workshop) -> None:
    assert await shop.names() == ["锤子"]
    await shop.alter(*_RETYPINGS[shop.name])
    assert await shop.source.check() == {TOOLS: "the column nm has another type"}
    assert (await _stale(shop)).items == {"name": _RETYPED}
    assert await shop.counts() == [1]


async def test_a_table_that_is_gone_is_no_absence_of_the_database(shop: Workshop) -> None:
    await shop.alter("ALTER TABLE ws_tool RENAME TO elsewhere")
    assert (await _stale(shop)).items == {}
    assert await shop.source.check() == {TOOLS: "the table ws_tool is gone"}
    assert await shop.counts() == [1]
    await shop.alter("ALTER TABLE elsewhere RENAME TO ws_tool")
    assert await shop.source.check() == {}
    assert await shop.names() == ["锤子"]


@pytest.mark.parametrize(
    "statement",
    [
        "ALTER TABLE ws_tool ADD COLUMN another integer",
        "ALTER TABLE ws_tool ALTER COLUMN nm TYPE varchar(80)",
        "ALTER TABLE ws_loan ALTER COLUMN n TYPE bigint",
        "ALTER TABLE ws_tool ALTER COLUMN price TYPE numeric(20, 4)",
    ],
)
async def test_what_means_the_same_goes_on(shop: Workshop, statement: str) -> None:
    if shop.name == "sqlite" and "TYPE" in statement:
        pytest.skip("SQLite cannot change a column's type in place")
    assert (await shop.names(), await shop.counts()) == (["锤子"], [1])
    await shop.program.execute(statement)
    assert (await shop.names(), await shop.counts()) == (["锤子"], [1])
    assert await shop.source.check() == {}


async def test_sqlite_drops_no_column_that_our_triggers_name(shop: Workshop) -> None:
    if shop.name != "sqlite":
        pytest.skip("PostgreSQL's trigger names no column of the table")
    with pytest.raises(sqlite3.OperationalError, match="trigger"):
        await shop.program.execute("ALTER TABLE ws_tool DROP COLUMN nm")
    await shop.program.execute("UPDATE ws_tool SET nm = '大锤'")
    assert await shop.names() == ["大锤"]


async def test_the_departments_programs_write_while_a_dataset_is_stale(shop: Workshop) -> None:
    await shop.alter("ALTER TABLE ws_tool DROP COLUMN nm")
    assert await shop.source.check() != {}
    await shop.program.execute("INSERT INTO ws_tool (no) VALUES ('t2')")
    await shop.program.execute("UPDATE ws_tool SET remark = 'x'")
    await shop.program.execute("DELETE FROM ws_tool")
    assert await shop.program.rows("SELECT count(*) FROM ws_tool") == [(0,)]
    assert LOANS not in await shop.source.check()
