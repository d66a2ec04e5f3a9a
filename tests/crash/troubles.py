"""What happens to broker, database and clocks while a relay lives; called by `run`."""

import asyncio
import os
import signal
from contextlib import suppress
from threading import Event
from time import monotonic

from services.engine.capture import snapshot
from services.engine.capture.captured import captures
from services.engine.capture.database import DatabaseAway, open_database
from services.engine.capture.tables import table_prefix
from tests import workshop
from tests.crash.ground import Ground
from tests.crash.scenario import POSTGRESQL, SQLITE, Trouble
from tests.stores import open_program
from tests.waiting import until

_HANGING_SECONDS = 0.4
_HOUR = 3_600


async def happen(trouble: Trouble, url: str, ground: Ground, after: float) -> None:
    """The trouble, so many seconds from now."""
    if trouble is Trouble.NONE:
        return
    await asyncio.to_thread(Event().wait, after)
    lease = _lease(url)
    match trouble:
        case Trouble.LEASE_LOST:
            await _say(url, f"UPDATE {lease} SET fence = fence + 1, until = 0")
        case Trouble.SNAPSHOT:
            await _want_snapshots(url, monotonic() + after)
        case Trouble.CLOCK_BACK:
            await _say(url, f"UPDATE {lease} SET until = until + {_HOUR}")
        case Trouble.DATABASE_CRASHES:
            await _crash_database(url)
        case Trouble.BROKER_HANGS:
            await asyncio.to_thread(_hang, ground)
        case Trouble.BROKER_RESTARTS:
            await asyncio.to_thread(ground.broker().stop)
            await asyncio.to_thread(ground.broker().start)
        case Trouble.BROKER_DIES:
            await asyncio.to_thread(ground.broker().kill)
            await asyncio.to_thread(ground.broker().start)


async def free_lease(url: str) -> None:
    """The holder is known to be dead or stopped, so that nobody need wait for the end of its lease."""
    await _say(url, f"UPDATE {_lease(url)} SET until = 0")


async def until_reached(url: str) -> None:
    """Wait until the database takes statements."""
    await _say(url, "SELECT 1")


def _lease(url: str) -> str:
    return table_prefix(SQLITE if url.startswith(SQLITE) else POSTGRESQL) + "lease"


async def _say(url: str, sql: str) -> None:
    """On a connection of its own, as soon as the database takes it."""

    async def said() -> bool:
        try:
            program = await open_program(url)
            await program.execute(sql)
            await program.close()
        except Exception:
            return False
        return True

    await until(said, timeout=60, what="the database takes a statement")


async def _want_snapshots(url: str, end: float) -> None:
    """As `langqiao snapshot` does: at once, and until the end whenever the last one is taken."""
    database = open_database(url)
    datasets = [one.dataset for one in captures(workshop.MAPPINGS)]

    async def wanted() -> bool:
        with suppress(DatabaseAway):
            for dataset in datasets:
                if await database.read(snapshot.under_way, dataset) is None:
                    await database.write(snapshot.want, dataset, "a person asked", forced=True)
        return monotonic() >= end

    try:
        await until(wanted, what="snapshots are wanted")
    finally:
        await database.close()


async def _crash_database(url: str) -> None:
    """One of its backends dies by kill -9: then the server ends all others and recovers from its log."""
    assert not url.startswith(SQLITE)
    program = await open_program(url)
    ours = "SELECT pid FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND datname = current_database()"
    victims = await program.rows(f"{ours} ORDER BY backend_start DESC LIMIT 1")
    await program.close()
    for (pid,) in victims:
        os.kill(pid, signal.SIGKILL)


def _hang(ground: Ground) -> None:
    child = ground.broker().child  # type: ignore[attr-defined]
    child.process.send_signal(signal.SIGSTOP)
    Event().wait(_HANGING_SECONDS)
    child.process.send_signal(signal.SIGCONT)
