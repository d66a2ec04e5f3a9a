"""What happens to broker, database and clocks while a relay lives; called by `run`."""

import asyncio
import os
import signal
from collections.abc import Awaitable, Callable
from threading import Event
from time import monotonic

from services.engine.capture.tables import table_prefix
from services.engine.settings import Settings
from tests.crash import altering, disk, persons
from tests.crash.ground import Ground
from tests.crash.scenario import POSTGRESQL, SQLITE, Trouble
from tests.stores import open_program
from tests.waiting import until

_HANGING_SECONDS = 0.4
_FULL_SECONDS = 0.3
#: Long enough for a relay to look at the tables.
_ALTERED_SECONDS = 0.7
_SOON_SECONDS = 2.0
_HOUR = 3_600


async def happen(trouble: Trouble, settings: Settings, ground: Ground, after: float) -> list[str]:
    """The trouble, so many seconds from now; what it showed to be wrong."""
    if trouble is Trouble.NONE:
        return []
    await asyncio.to_thread(Event().wait, after)
    url = settings.database_url.get_secret_value()
    lease = _lease(url)
    match trouble:
        case Trouble.LEASE_LOST:
            await _say(url, f"UPDATE {lease} SET fence = fence + 1, until = 0")
        case Trouble.CLOCK_BACK:
            await _say(url, f"UPDATE {lease} SET until = until + {_HOUR}")
        case Trouble.DATABASE_CRASHES:
            await _crash_database(url)
        case Trouble.DISK_FULL:
            await _again(disk.fill, url)
            await asyncio.to_thread(Event().wait, _FULL_SECONDS)
            await _again(disk.make_room, url)
        case Trouble.COLUMN_DROPPED | Trouble.COLUMN_RETYPED:
            begin, end = altering.OF[trouble]
            await _again(begin, url)
            await asyncio.to_thread(Event().wait, _ALTERED_SECONDS)
            await _again(end, url)
        case Trouble.BROKER_HANGS | Trouble.BROKER_RESTARTS | Trouble.BROKER_DIES:
            await asyncio.to_thread(_trouble_broker, trouble, ground)
        case Trouble.SNAPSHOT:
            await persons.want_snapshots(url, monotonic() + after)
        case Trouble.RELEASE:
            await persons.let_go(url)
        case Trouble.RECONCILIATION:
            return await persons.reconcile(settings)
    return []


async def free_lease(url: str) -> None:
    """The holder is known to be dead or stopped, so that nobody need wait for the end of its lease."""
    await _say(url, f"UPDATE {_lease(url)} SET until = 0")


async def takes_writes(url: str) -> bool:
    """Whether the lease can be written soon."""
    try:
        await asyncio.wait_for(_say(url, f"UPDATE {_lease(url)} SET until = until"), _SOON_SECONDS)
    except TimeoutError:
        return False
    return True


async def until_reached(url: str) -> None:
    """Wait until the database takes statements."""
    await _say(url, "SELECT 1")


def _lease(url: str) -> str:
    return table_prefix(SQLITE if url.startswith(SQLITE) else POSTGRESQL) + "lease"


async def _say(url: str, sql: str) -> None:
    """On a connection of its own, as soon as the database takes it."""

    async def say(url: str) -> None:
        program = await open_program(url)
        try:
            await program.execute(sql)
        finally:
            await program.close()

    await _again(say, url)


async def _again(deed: Callable[[str], Awaitable[None]], url: str) -> None:
    """Until the database takes it."""

    async def done() -> bool:
        try:
            await deed(url)
        except Exception:
            return False
        return True

    await until(done, timeout=60, what="the database takes a statement")


async def _crash_database(url: str) -> None:
    """One of its backends dies by kill -9: then the server ends all others and recovers from its log."""
    assert not url.startswith(SQLITE)
    program = await open_program(url)
    ours = "SELECT pid FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND datname = current_database()"
    victims = await program.rows(f"{ours} ORDER BY backend_start DESC LIMIT 1")
    await program.close()
    for (pid,) in victims:
        os.kill(pid, signal.SIGKILL)


def _trouble_broker(trouble: Trouble, ground: Ground) -> None:
    broker = ground.broker()
    if trouble is Trouble.BROKER_HANGS:
        child = broker.child  # type: ignore[attr-defined]
        child.process.send_signal(signal.SIGSTOP)
        Event().wait(_HANGING_SECONDS)
        child.process.send_signal(signal.SIGCONT)
        return
    (broker.kill if trouble is Trouble.BROKER_DIES else broker.stop)()
    broker.start()
