"""A writer as a process of the harness: transactions at random, some slow, some rolled back; started by `run`."""

import asyncio
import random
import sqlite3
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from threading import Event

import asyncpg

from tests.crash import disk
from tests.crash.deeds import DEEDS
from tests.crash.hand import Hand
from tests.crash.ledger import COMMITTED, ROLLED_BACK, UNCHANGED, Promises
from tests.crash.points import Trap, Watch
from tests.crash.scenario import SQLITE
from tests.stores import Program, open_program

#: What a database says that does not want a transaction, and what it says that is away.
_REFUSED = (sqlite3.Error, asyncpg.PostgresError)
_AWAY = (
    OSError,
    asyncpg.InterfaceError,
    asyncpg.PostgresConnectionError,
    asyncpg.exceptions.OperatorInterventionError,
)

#: Marks of two writers are this far apart.
_APART = 10_000
_LONGEST_PAUSE = 0.1
_PATIENCE_SECONDS = 20.0


@dataclass(frozen=True)
class WriterPlan:
    """One writer's life; `number` is its own within the run, its pauses in seconds on average."""

    number: int
    seed: int
    database_url: str
    promises: Path
    transactions: int
    pause: float
    trap: Trap | None = None


def run(plan: WriterPlan) -> int:
    """Write until all is written, or until the trap springs."""
    asyncio.run(Writer(plan).write())
    return 0


class Writer:
    """See `run`."""

    def __init__(self, plan: WriterPlan) -> None:
        self._plan = plan
        self._chance = random.Random(plan.seed)
        self._watch = Watch(plan.trap)
        self._promises = Promises(plan.promises)
        self._marks = plan.number * _APART

    async def write(self) -> None:
        done = 0
        while done < self._plan.transactions:
            program = await self._connected()
            hand = Hand(program, self._watch, self._marks)
            try:
                while done < self._plan.transactions:
                    done += 1
                    await self._transaction(hand, f"w{self._plan.number}-{done}")
                    self._pause(self._plan.pause)
            except _AWAY:
                # Whether the last one was committed, nobody told us.
                self._marks = hand.mark()
            finally:
                await _closed(program)

    async def _transaction(self, hand: Hand, tx: str) -> None:
        hand.tx, hand.noted = tx, 0
        try:
            if self._plan.database_url.startswith(SQLITE):
                await hand.program.execute(disk.pages(self._plan.database_url))
            await hand.say("BEGIN")
            for _ in range(self._chance.choice((1, 1, 1, 2, 3, 5))):
                await self._chance.choices(list(DEEDS), list(DEEDS.values()))[0](hand, self._chance)
                if self._chance.random() < 0.2:
                    self._pause(self._plan.pause)
            end = "ROLLBACK" if self._chance.random() < 0.1 else "COMMIT"
            await hand.say(end)
            kept = COMMITTED if hand.noted else UNCHANGED
            self._promises.say(tx, kept if end == "COMMIT" else ROLLED_BACK)
        except _AWAY:
            raise
        except _REFUSED:
            with suppress(sqlite3.Error):
                # Where it has not even begun.
                await hand.program.execute("ROLLBACK")
            self._promises.say(tx, ROLLED_BACK)

    def _pause(self, seconds: float) -> None:
        """Whatever it holds, it goes on holding."""
        Event().wait(min(self._chance.expovariate(1 / seconds), _LONGEST_PAUSE))

    async def _connected(self) -> Program:
        async with asyncio.timeout(_PATIENCE_SECONDS):
            while True:
                try:
                    program = await open_program(self._plan.database_url)
                    break
                except (*_AWAY, asyncpg.PostgresError):
                    self._pause(0.02)
        if self._plan.database_url.startswith(SQLITE):
            # Processes die here, not machines.
            await program.execute("PRAGMA synchronous = OFF")
        else:
            # Writers often wait for each other here; a server looks for that each second only.
            await program.execute("SET deadlock_timeout = '50ms'")
        return program


async def _closed(program: Program) -> None:
    try:
        await asyncio.wait_for(program.close(), 1)
    except (*_AWAY, *_REFUSED, TimeoutError):
        return
