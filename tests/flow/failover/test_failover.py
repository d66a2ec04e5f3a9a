"""The department's PostgreSQL is killed, and a follower takes its address over: a synchronous one loses nothing, and of
one that lacked the end the relay notices it, begins a new epoch and takes back what exists no more."""

import asyncio
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import asyncpg
import pytest

from schemas.wire.event import Event
from services.cli.world.processes import free_ports
from tests.brokers import Broker, events_in, messages_of
from tests.flow.events.checker import Verdict, altered, gone_back, judge
from tests.flow.events.shop import Shop, opened
from tests.flow.failover.address import MovingAddress, moving_address
from tests.postgresql_server import Server
from tests.stores import PostgresqlProgram, Store, open_program
from tests.stores import opened as store_at
from tests.waiting import until

#: A connection whose server goes in the middle of a message is left by SQLAlchemy as it is, and ends when collected.
pytestmark = pytest.mark.filterwarnings("ignore:unclosed connection:ResourceWarning")

_WRITERS = 4
_PATIENCE = 60.0
#: What a writer meets when its server goes: it does not know whether the last statement was committed.
_GONE = (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError)


@pytest.fixture
def folder() -> Iterator[Path]:
    """Not one of pytest's, to which the server's own user would have no way."""
    made = Path(tempfile.mkdtemp(prefix="langqiao-failover-"))
    made.chmod(0o755)
    yield made
    shutil.rmtree(made)


async def test_a_synchronous_follower_takes_over_and_nothing_is_lost(
    folder: Path, shared_broker: Broker
) -> None:
    async with _pair(folder, synchronous=True) as pair, store_at(pair.url) as store:
        shop = await opened(store, shared_broker)
        async with shop.relay():
            writers = [_Writer(pair.url, number) for number in range(_WRITERS)]
            work = asyncio.gather(*(one.work() for one in writers))
            await until(lambda: all(len(one.committed) > 20 for one in writers), timeout=_PATIENCE)
            pair.primary.kill()
            await work
            await pair.take_over()
            await _reconnect(store)
            await store.program.insert("ws_tool", no="after", nm="goes on")
            await shop.until_right(_PATIENCE)
        there = {no for (no,) in await store.program.rows("SELECT no FROM ws_tool")}
        assert {no for one in writers for no in one.committed} <= there
        assert judge(await shop.told(shop.topic("granted")), await shop.numbered()) == Verdict()
        assert {one.recordepoch for one in await _events(shop, "public")} == {1}


async def test_a_follower_that_lacked_the_end_begins_an_epoch_and_takes_back_what_exists_no_more(
    folder: Path, shared_broker: Broker
) -> None:
    async with _pair(folder, synchronous=False) as pair, store_at(pair.url) as store:
        shop = await opened(store, shared_broker)
        async with shop.relay():
            for no in ("t1", "t2", "t3"):
                await store.program.insert("ws_tool", no=no, nm="known to both")
            await shop.until_right(_PATIENCE)
            await pair.caught_up()
            pair.follower.kill()
            await store.program.execute("UPDATE ws_tool SET nm = 'lost' WHERE no = 't1'")
            await store.program.execute("DELETE FROM ws_tool WHERE no = 't2'")
            await store.program.insert("ws_tool", no="t4", nm="lost")
            await shop.until_right(_PATIENCE)
            pair.primary.kill()
            pair.follower.start()
            await pair.take_over()
            await _reconnect(store)
            await store.program.execute("UPDATE ws_tool SET nm = 'goes on' WHERE no = 't3'")
            await shop.until_right(_PATIENCE)
        newest = {one.subject: one for one in await _events(shop, "public")}
        told = {no: one.data and one.data["name"] for no, one in newest.items()}
        assert told == {"T1": "known to both", "T2": "known to both", "T3": "goes on", "T4": None}
        assert {one.recordepoch for one in newest.values()} == {2}
        control = [one.type.rpartition(".")[2] for one in await _events(shop, "control")]
        assert "epoch-began" in control
        for _, channel in shop.channels:
            messages = await shop.told(channel.topic)
            assert (gone_back(messages), altered(messages)) == ([], [])


class _Writer:
    """A program that makes tool after tool until its server goes, and notes what it was told is committed."""

    def __init__(self, url: str, number: int) -> None:
        self.committed: list[str] = []
        self._url, self._number = url, number

    async def work(self) -> None:
        connection = await asyncpg.connect(self._url)
        try:
            while True:
                no = f"W{self._number}-{len(self.committed)}"
                await connection.execute("INSERT INTO ws_tool (no, nm) VALUES ($1, $1)", no)
                self.committed.append(no)
        except _GONE:
            connection.terminate()


class _Pair:
    """A primary and a follower behind one address."""

    def __init__(self, folder: Path, address: MovingAddress) -> None:
        ports = zip(("primary", "follower"), free_ports(2), strict=True)
        self.primary, self.follower = (Server(folder, name, port) for name, port in ports)
        self._address = address

    @property
    def url(self) -> str:
        return self.primary.url(self._address.own_port)

    async def start(self, *, synchronous: bool) -> None:
        self.primary.make()
        self.primary.start()
        self.follower.follow(self.primary)
        self.follower.start()
        await self.caught_up()
        if synchronous:
            await _said(self.primary, "ALTER SYSTEM SET synchronous_standby_names = 'follower'")
            await _said(self.primary, "SELECT pg_reload_conf()")
            sync = "SELECT 1 FROM pg_stat_replication WHERE sync_state = 'sync'"
            await until(lambda: _said(self.primary, sync), timeout=_PATIENCE)
        await self._address.move(self.primary.port)

    async def caught_up(self) -> None:
        """Wait until the follower has applied everything."""
        behind = "SELECT 1 FROM pg_stat_replication WHERE replay_lsn = pg_current_wal_lsn()"
        await until(lambda: _said(self.primary, behind), timeout=_PATIENCE, what="the follower has caught up")

    async def take_over(self) -> None:
        self.follower.promote()
        await _said(self.follower, "ALTER SYSTEM RESET synchronous_standby_names")
        await self._address.move(self.follower.port)

    def stop(self) -> None:
        self.primary.stop()
        self.follower.stop()


@asynccontextmanager
async def _pair(folder: Path, *, synchronous: bool) -> AsyncIterator[_Pair]:
    async with moving_address() as address:
        pair = _Pair(folder, address)
        try:
            await pair.start(synchronous=synchronous)
            yield pair
        finally:
            pair.stop()


async def _reconnect(store: Store) -> None:
    """A program whose server went begins anew."""
    assert isinstance(store.program, PostgresqlProgram)
    store.program.connection.terminate()
    store.program = await open_program(store.url)


async def _said(server: Server, statement: str) -> bool:
    """Whether a statement, said to a server itself, gives any row."""
    connection = await asyncpg.connect(server.url())
    try:
        return bool(await connection.fetch(statement))
    finally:
        await connection.close()


async def _events(shop: Shop, audience: str) -> list[Event]:
    return events_in(await messages_of(shop.broker, shop.topic(audience)))
