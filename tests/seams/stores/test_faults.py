"""What a store bears: statements that run too long, a database that goes away and comes back, and broken texts."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from schemas.query.bound import BoundColumn, BoundCondition, BoundOrder, BoundQuery
from schemas.query.tree import Operator
from services.engine.capture.attach import attach
from services.engine.capture.database import open_database
from services.engine.source.port import NotAttached, Once, SourceAway, StatementTooLong
from services.engine.source.sql.ddl import create_tables
from services.engine.source.sql.opening import BadDatabaseUrl
from tests.seams.stores import depot
from tests.seams.stores.conftest import DATABASES, FreshUrl, Store, opened, source_at
from tests.waiting import until

pytestmark = pytest.mark.asyncio(loop_scope="module")

_MANY = 4_000
_ALL = BoundQuery(depot.contract(), (BoundColumn("name", depot.ITEMS["name"]),))
_SLOW = BoundQuery(
    depot.contract(),
    (BoundColumn("code", depot.ITEMS["code"]),),
    order=(BoundOrder(depot.ITEMS["capital"], False, False),),
)
_ROW = {**dict.fromkeys(depot.ITEMS), "code": "K", "nth": 1, "name": "here"}


async def _fill(store: Store, count: int) -> None:
    await store.program.execute(
        f"INSERT INTO {depot.TABLE.name} (c_code, c_nth, c_capital) WITH RECURSIVE n(i) AS"
        f" (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {count}) SELECT 'K', i, '-12.50' FROM n"
    )


@pytest.mark.parametrize("name", DATABASES)
async def test_a_statement_over_its_budget_is_stopped_and_the_next_one_runs(
    name: str, fresh_url: FreshUrl
) -> None:
    async with opened(name, fresh_url(name), depot.depot(), statement_budget_ms=5) as store:
        await _fill(store, _MANY)
        with pytest.raises(StatementTooLong):
            await store.source.page(_SLOW, limit=10)

        async def answers() -> bool:
            with suppress(StatementTooLong):
                return await store.source.version(depot.PARCELS, ("K", 7)) is not None
            return False

        await until(answers, what="a record is found again")


@pytest.mark.parametrize("name", DATABASES)
async def test_until_capture_is_in_place_records_are_read_without_ids_and_versions(
    name: str, fresh_url: FreshUrl
) -> None:
    url = fresh_url(name)
    await create_tables(url, [depot.depot()])
    async with source_at(url, depot.depot()) as source:
        assert (await source.page(_ALL, limit=1)).rows == []
        with pytest.raises(NotAttached):
            await source.version(depot.PARCELS, ("K", 1))
        with pytest.raises(NotAttached):
            await source.create(depot.PARCELS, 1, _ROW, Once("a", "b"))
        database = open_database(url)
        await attach(database, [depot.depot()], outbox_limit=10)
        await database.close()
        assert await source.version(depot.PARCELS, ("K", 1)) is None


@pytest.mark.parametrize("name", DATABASES)
async def test_a_question_whose_caller_left_is_given_up(name: str, fresh_url: FreshUrl) -> None:
    async with opened(name, fresh_url(name), depot.depot(), database_connections=1) as store:
        await _fill(store, _MANY)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.002):
                await store.source.page(_SLOW, limit=10)
        assert await store.source.count(_ALL) == _MANY


async def test_sqlite_is_away_while_its_file_is_and_is_not_made_anew(fresh_url: FreshUrl) -> None:
    url = fresh_url("sqlite")
    file = Path(url.removeprefix("sqlite:///"))
    async with opened("sqlite", url, depot.depot()) as store:
        await store.fill([_ROW])
        assert (await store.source.page(_ALL, limit=1)).rows == [("here",)]
        await store.program.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        elsewhere = file.rename(file.with_suffix(".elsewhere"))
        await until(lambda: _is_away(store), what="the store says that its database is away")
        assert not file.exists()
        file.write_bytes(b"no database at all " * 100)
        await until(lambda: _is_away(store), what="rubbish is no database")
        elsewhere.rename(file)
        await until(lambda: _is_there(store), what="the store finds its database again")


async def test_postgresql_is_away_while_the_way_to_it_is(fresh_url: FreshUrl) -> None:
    direct = fresh_url("postgresql")
    async with opened("postgresql", direct, depot.depot()) as store:
        await store.fill([_ROW])
    async with _way(direct) as way, source_at(way.url, depot.depot()) as source:
        store = Store("postgresql", way.url, source, store.program)
        assert (await source.page(_ALL, limit=1)).rows == [("here",)]
        await way.close()
        assert await _is_away(store)
        await way.open()
        assert (await source.page(_ALL, limit=1)).rows == [("here",)]


@pytest.mark.parametrize(
    "url", ["mysql://secret@host/x", "sqlite://", "secret.sqlite", "postgresql:/secret@"]
)
async def test_an_address_of_no_such_database_is_refused_without_saying_it(url: str) -> None:
    with pytest.raises(BadDatabaseUrl, match=r"sqlite:///file or postgresql://") as refused:
        async with source_at(url, depot.depot()):
            pass
    assert "secret" not in str(refused.value)


@pytest.mark.parametrize("item", ["name", "seen_at", "capital"])
@pytest.mark.parametrize("negated", [False, True])
async def test_as_many_conditions_as_the_grammar_takes_are_answered_or_refused(
    store: Store, item: str, negated: bool
) -> None:
    value = depot.CODECS[item].decode(next(filter(None, reversed(depot.SPELLINGS[item][:1]))))
    condition = BoundCondition(depot.ITEMS[item], Operator.LTE, value, negated)
    await store.fill([_ROW])
    for many in (200, 449, 1_000):
        with suppress(StatementTooLong):
            assert await store.source.count(_ALL.narrowed(*[condition] * many)) <= 1


@pytest.mark.parametrize("name", DATABASES)
async def test_a_table_that_the_department_alters_is_read_on(name: str, fresh_url: FreshUrl) -> None:
    change = {"sqlite": "ADD COLUMN c_new text", "postgresql": "ALTER COLUMN c_name TYPE varchar(200)"}
    async with opened(name, fresh_url(name), depot.depot()) as store:
        await store.fill([_ROW])
        assert (await store.source.page(_ALL, limit=1)).rows == [("here",)]
        await store.program.execute(f"ALTER TABLE {depot.TABLE.name} {change[name]}")
        assert (await store.source.page(_ALL, limit=1)).rows == [("here",)]


async def test_bytes_that_are_no_text_are_shown_as_such(fresh_url: FreshUrl) -> None:
    async with opened("sqlite", fresh_url("sqlite"), depot.depot()) as store:
        await store.fill([_ROW])
        await store.program.execute(f"UPDATE {depot.TABLE.name} SET c_name = CAST(x'61ff62' AS TEXT)")
        assert (await store.source.page(_ALL, limit=1)).rows == [("a\ufffdb",)]


async def _is_away(store: Store) -> bool:
    with suppress(SourceAway):
        await store.source.page(_ALL, limit=1)
        return False
    return True


async def _is_there(store: Store) -> bool:
    with suppress(SourceAway):
        return (await store.source.page(_ALL, limit=1)).rows == [("here",)]
    return False


class _Way:
    """A TCP way to a server behind a Unix socket, which can be closed and opened again at the same port."""

    def __init__(self, direct: str) -> None:
        self._database = urlsplit(direct).path
        self._socket = f"{parse_qs(urlsplit(direct).query)['host'][0]}/.s.PGSQL.5432"
        self._port = 0
        self._server: asyncio.Server | None = None
        self._open: set[asyncio.StreamWriter] = set()

    @property
    def url(self) -> str:
        return f"postgresql://postgres@127.0.0.1:{self._port}{self._database}"

    async def open(self) -> None:
        self._server = await asyncio.start_server(self._carry, "127.0.0.1", self._port)
        self._port = self._server.sockets[0].getsockname()[1]

    async def close(self) -> None:
        assert self._server is not None
        self._server.close()
        for writer in self._open:
            writer.transport.abort()
        self._open.clear()

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await asyncio.open_unix_connection(self._socket)
        self._open |= {writer, back}
        with suppress(OSError):
            await asyncio.gather(_pour(reader, back), _pour(there, writer))


async def _pour(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while piece := await reader.read(65_536):
        writer.write(piece)
        await writer.drain()
    writer.close()


@asynccontextmanager
async def _way(direct: str) -> AsyncIterator[_Way]:
    way = _Way(direct)
    await way.open()
    try:
        yield way
    finally:
        await way.close()
