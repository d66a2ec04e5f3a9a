"""A writer's hand: statements of plain SQL on the department's tables, each noted in the ledger, until the writer's
trap springs; used by `deeds`."""

import asyncio
from typing import Any

from services.engine.mapping.model import PhysicalTable
from tests import workshop
from tests.crash import ledger
from tests.crash.ledger import Key
from tests.crash.points import WRITER, Stage, Watch
from tests.stores import Program, SqliteProgram

TOOL, LOAN = workshop.TOOL_TABLE, workshop.LOAN_TABLE

#: Virtual-machine steps of SQLite after which a statement is in its middle.
_STEPS = 40
_SOME_MOMENT = 0.000_4


class Hand:
    """One writer's connection, and the transaction that it is in."""

    def __init__(self, program: Program, watch: Watch, first_mark: int) -> None:
        self.program = program
        self._watch = watch
        self._mark = first_mark
        self.tx = ""
        #: How often it has noted anything in this transaction.
        self.noted = 0

    def mark(self) -> int:
        """A number that no other write of the run has."""
        self._mark += 1
        return self._mark

    async def say(self, sql: str, *values: object) -> list[tuple[Any, ...]]:
        """A statement, with everything that may happen around it."""
        self._watch.visit(WRITER, Stage.STATEMENT, sql.split()[0])
        if self._watch.due(WRITER, Stage.DURING):
            self._die_during()
        rows = await self.program.rows(sql, *values)
        self._watch.visit(WRITER, Stage.AFTER, sql.split()[0])
        return rows

    async def wrote(self, table: PhysicalTable, sql: str, *values: object) -> list[Key]:
        """A statement that creates or changes rows; the keys that they have now."""
        keys = await self.say(f"{sql} RETURNING {', '.join(table.key)}", *values)
        if keys:
            self.noted += 1
            await ledger.note_there(self.program, table, self.tx, keys)
        return keys

    async def removed(self, table: PhysicalTable, where: str, *values: object) -> list[dict[str, Any]]:
        """A delete; the rows that were there."""
        columns = tuple(table.columns)
        sql = f"DELETE FROM {table.name} WHERE {where} RETURNING {', '.join(columns)}"
        rows = [dict(zip(columns, row, strict=True)) for row in await self.say(sql, *values)]
        if rows:
            self.noted += 1
            await ledger.note_gone(
                self.program, table, self.tx, [tuple(row[one] for one in table.key) for row in rows]
            )
        return rows

    async def emptied(self, table: PhysicalTable) -> list[dict[str, Any]]:
        """Every row goes at once, on PostgreSQL in a way that no row's trigger sees; the rows that were there."""
        if isinstance(self.program, SqliteProgram):
            return await self.removed(table, "1 = 1")
        columns = tuple(table.columns)
        # So that between our look and the statement nobody writes.
        await self.say(f"LOCK TABLE {table.name}")
        found = await self.program.rows(f"SELECT {', '.join(columns)} FROM {table.name}")
        await self.say(f"TRUNCATE {table.name}")
        rows = [dict(zip(columns, row, strict=True)) for row in found]
        if rows:
            self.noted += 1
            keys = [tuple(row[one] for one in table.key) for row in rows]
            await ledger.note_gone(self.program, table, self.tx, keys)
        return rows

    async def gone(self, table: PhysicalTable, key: Key) -> None:
        """Note that a record is gone by another statement than a delete."""
        await ledger.note_gone(self.program, table, self.tx, [key])

    def _die_during(self) -> None:
        """On PostgreSQL the server is left with the statement, on SQLite the statement ends within itself."""
        if isinstance(self.program, SqliteProgram):
            self.program.connection.set_progress_handler(self._during, _STEPS)
            return
        asyncio.get_running_loop().call_later(_SOME_MOMENT, self._during)

    def _during(self) -> None:
        self._watch.visit(WRITER, Stage.DURING)
