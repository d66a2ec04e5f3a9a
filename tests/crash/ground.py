"""What many runs share: one broker, one PostgreSQL server, and captured databases to copy; held by `__main__`."""

import asyncio
import random
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import urlsplit, urlunsplit

import asyncpg
from aiokafka.admin import AIOKafkaAdminClient

from services.engine.capture.attach import attach
from services.engine.capture.database import open_database
from services.engine.source.sql.ddl import create_tables
from tests import workshop
from tests.apache_kafka import ApacheKafka
from tests.brokers import Broker, EmbeddedBroker, way_to
from tests.crash import ledger
from tests.crash.contracts import contracts
from tests.crash.deeds import FIRST
from tests.crash.hand import Hand
from tests.crash.points import Watch
from tests.crash.scenario import APACHE, POSTGRESQL, Scenario
from tests.keeper import kept
from tests.postgresql import FreshDatabase, postgresql_server
from tests.stores import open_program

#: The embedded broker writes all that it has each second, so it starts anew after so many runs.
_RUNS_OF_A_BROKER = 12
_TEMPLATE = "crash_template"
#: Above those of all writers.
_FIRST_MARK = 200_000
_RECORDS, _COPY = "records.sqlite", "copy-of-records.sqlite"


@dataclass
class World:
    """One run's own: a folder, a database, topics of its own name."""

    folder: Path
    url: str
    environment: str


@dataclass
class Ground:
    """Begun when first asked."""

    folder: Path
    broker_kind: str
    ending: ExitStack
    #: One at a time is captured, of all grounds of a process: migrations know one database at a time.
    laying: asyncio.Lock
    _broker: Broker | None = None
    _fresh_postgresql: FreshDatabase | None = None
    _sqlite: Path | None = None
    _postgresql: str = ""
    _numbers: Iterator[int] = field(default_factory=lambda: count(1))

    def broker(self) -> Broker:
        """Running."""
        if self._broker is None:
            kind = ApacheKafka if self.broker_kind == APACHE else EmbeddedBroker
            home = self.folder / f"broker-{next(self._numbers)}"
            home.mkdir()
            self._broker = kind(home)
            self._broker.start()
        return self._broker

    def end_broker(self) -> None:
        """The next one begins empty."""
        if self._broker is not None:
            self._broker.stop()
            shutil.rmtree(self._broker.folder)
            self._broker = None

    async def world(self, scenario: Scenario) -> World:
        number = next(self._numbers)
        if self.broker_kind != APACHE and number % _RUNS_OF_A_BROKER == 0:
            self.end_broker()
        folder = self.folder / f"run-{number}"
        folder.mkdir()
        async with self.laying:
            url = await (
                self._new_postgresql(number) if scenario.store == POSTGRESQL else self._new_sqlite(folder)
            )
            await put_in_place(url, scenario.outbox_limit, before=scenario.renewed is not None)
        return World(folder, url, f"crash{number}")

    async def forget(self, world: World) -> None:
        shutil.rmtree(world.folder)
        if self.broker_kind == APACHE:
            await self._forget_topics(world.environment)
        if world.url.startswith(POSTGRESQL):
            for name in (_database(world.url), f"{_database(world.url)}_copy"):
                await self._server(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")

    async def keep_copy(self, world: World) -> None:
        """A copy of the database as it stands, which nobody writes just now."""
        if world.url.startswith(POSTGRESQL):
            name = _database(world.url)
            # What killed clients were about need not have ended.
            await self._server(
                f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'"
            )
            await self._server(f"CREATE DATABASE {name}_copy TEMPLATE {name}")
            return
        with closing(sqlite3.connect(world.folder / _RECORDS, isolation_level=None)) as whole:
            whole.execute("VACUUM INTO ?", (str(world.folder / _COPY),))

    async def put_copy_back(self, world: World) -> None:
        """In place of the database, which nobody uses just now."""
        if world.url.startswith(POSTGRESQL):
            name = _database(world.url)
            await self._server(f"DROP DATABASE {name} WITH (FORCE)")
            await self._server(f"ALTER DATABASE {name}_copy RENAME TO {name}")
            return
        for suffix in ("-wal", "-shm"):
            (world.folder / f"{_RECORDS}{suffix}").unlink(missing_ok=True)
        (world.folder / _COPY).rename(world.folder / _RECORDS)

    async def _forget_topics(self, environment: str) -> None:
        admin = AIOKafkaAdminClient(**way_to(self.broker()))
        await admin.start()
        try:
            mine = [one for one in await admin.list_topics() if one.startswith(f"{environment}.")]
            if mine:
                await admin.delete_topics(mine)
        finally:
            await admin.close()

    async def _new_sqlite(self, folder: Path) -> str:
        if self._sqlite is None:
            self._sqlite = self.folder / "template.sqlite"
            await _lay_out(f"sqlite:///{self._sqlite}")
            with closing(sqlite3.connect(self._sqlite)) as whole:
                whole.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        shutil.copy(self._sqlite, folder / _RECORDS)
        return f"sqlite:///{folder / _RECORDS}"

    async def _new_postgresql(self, number: int) -> str:
        if self._fresh_postgresql is None:
            self._fresh_postgresql = self.ending.enter_context(postgresql_server(self.folder))
            self._postgresql = self._fresh_postgresql()
            await self._server(f"CREATE DATABASE {_TEMPLATE}")
            await _lay_out(_named(self._postgresql, _TEMPLATE))
        await self._server(f"CREATE DATABASE crash_{number} TEMPLATE {_TEMPLATE}")
        return _named(self._postgresql, f"crash_{number}")

    async def _server(self, sql: str) -> None:
        connection = await asyncpg.connect(self._postgresql)
        await connection.execute(sql)
        await connection.close()


@contextmanager
def prepared_ground(broker: str, laying: asyncio.Lock | None = None) -> Iterator[Ground]:
    """Everything that was begun ends with the block, or with us when we are killed."""
    with TemporaryDirectory(prefix="langqiao-crash-") as folder, kept(Path(folder)), ExitStack() as ending:
        ground = Ground(Path(folder), broker, ending, laying or asyncio.Lock())
        ending.callback(ground.end_broker)
        yield ground


async def put_in_place(url: str, limit: int, *, before: bool) -> None:
    """Capture, as a department's service does when it starts, by the contracts of now or by those before."""
    database = open_database(url)
    try:
        await attach(database, contracts(before=before), outbox_limit=limit)
    finally:
        await database.close()


async def _lay_out(url: str) -> None:
    """The workshop's tables with some rows, and the ledger; then all is captured."""
    await create_tables(url, workshop.MAPPINGS)
    program = await open_program(url)
    for statement in ledger.statements(url):
        await program.execute(statement)
    hand, chance = Hand(program, Watch(None), _FIRST_MARK), random.Random(1)
    hand.tx = ledger.STOOD
    for deed in FIRST:
        await deed(hand, chance)
    await program.close()
    await put_in_place(url, 1_000_000, before=False)


def _named(address: str, database: str) -> str:
    return urlunsplit(urlsplit(address)._replace(path=f"/{database}"))


def _database(address: str) -> str:
    return urlsplit(address).path.removeprefix("/")
