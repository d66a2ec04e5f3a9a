"""What the writers themselves keep of what they did: a table beside each of the department's, written in the same
transaction, and a file of what was promised to them; written by `hand`, read by `findings`."""

import json
import os
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from services.engine.mapping.model import PhysicalTable
from tests import workshop
from tests.stores import Program, open_program

TABLES: tuple[PhysicalTable, ...] = (workshop.TOOL_TABLE, workshop.LOAN_TABLE)

Key = tuple[Any, ...]

#: The transaction that wrote what stood before capture.
STOOD = "stood"
#: How transactions are called that altered a table, and changed its records in a way that no trigger sees.
ALTERED = "altered-"


@dataclass(frozen=True)
class Entry:
    """How a statement of a transaction left one record: its row, or None. In the order of ids an entry's record went
    from one state to the next: the row, or its key, is locked from the statement to the end of the transaction."""

    tx: str
    key: Key
    row: dict[str, Any] | None


#: By table, then by record, in the order of the ledger.
Entries = Mapping[str, Mapping[Key, Sequence[Entry]]]


def statements(url: str) -> list[str]:
    """What makes the ledger's tables."""
    number = (
        "INTEGER PRIMARY KEY AUTOINCREMENT"
        if url.startswith("sqlite")
        else "BIGINT GENERATED ALWAYS AS IDENTITY (CACHE 1) PRIMARY KEY"
    )
    return [
        f"CREATE TABLE {_ledger(table)} (id {number}, tx text NOT NULL, there integer NOT NULL, "
        + ", ".join(f"{column} {kind}" for column, kind in table.columns.items())
        + ")"
        for table in TABLES
    ]


async def note_there(program: Program, table: PhysicalTable, tx: str, keys: Sequence[Key]) -> None:
    """These records have rows now, as they are read here."""
    columns = ", ".join(table.columns)
    mine = " OR ".join("(" + " AND ".join(f"{one} = ?" for one in table.key) + ")" for _ in keys)
    await program.execute(
        f"INSERT INTO {_ledger(table)} (tx, there, {columns})"
        f" SELECT '{tx}', 1, {columns} FROM {table.name} WHERE {mine}",
        *(value for key in keys for value in key),
    )


async def note_gone(program: Program, table: PhysicalTable, tx: str, keys: Sequence[Key]) -> None:
    """These have none."""
    places = ", ".join(f"('{tx}', 0, {', '.join('?' for _ in table.key)})" for _ in keys)
    await program.execute(
        f"INSERT INTO {_ledger(table)} (tx, there, {', '.join(table.key)}) VALUES {places}",
        *(value for key in keys for value in key),
    )


async def note_all(program: Program, table: PhysicalTable, tx: str) -> None:
    """Every record has the row that it has now, after a statement that no row was named in."""
    columns = ", ".join(table.columns)
    await program.execute(
        f"INSERT INTO {_ledger(table)} (tx, there, {columns}) SELECT '{tx}', 1, {columns} FROM {table.name}"
    )


async def entries(program: Program, table: PhysicalTable) -> dict[Key, list[Entry]]:
    """All that was committed, by record."""
    columns = tuple(table.columns)
    found: dict[Key, list[Entry]] = defaultdict(list)
    rows = await program.rows(f"SELECT tx, there, {', '.join(columns)} FROM {_ledger(table)} ORDER BY id")
    for tx, there, *values in rows:
        row = dict(zip(columns, values, strict=True))
        key = tuple(row[one] for one in table.key)
        found[key].append(Entry(tx, key, row if there else None))
    return found


async def all_entries(url: str) -> Entries:
    """All that was committed, by table and record."""
    program = await open_program(url)
    try:
        return {table.name: await entries(program, table) for table in TABLES}
    finally:
        await program.close()


def transactions(entries: Entries) -> set[str]:
    """All that have noted anything."""
    return {one.tx for table in entries.values() for of_key in table.values() for one in of_key}


def _ledger(table: PhysicalTable) -> str:
    return f"crash_{table.name}"


class Promises:
    """One writer's file: what it began, and what the database answered. A line is whole or not there, and outlives the
    process that wrote it."""

    def __init__(self, path: Path) -> None:
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)

    def say(self, tx: str, word: str) -> None:
        """What the database answered."""
        os.write(self._file, json.dumps([tx, word]).encode() + b"\n")


#: Words of a writer's file. A transaction without any may have been committed or not; of one that was committed and has
#: changed nothing, nothing is noted anywhere.
COMMITTED, UNCHANGED, ROLLED_BACK = "committed", "changed nothing", "rolled back"


def promised(paths: Iterable[Path]) -> dict[str, set[str]]:
    """Transactions by the word that was said of them."""
    said: dict[str, set[str]] = {COMMITTED: set(), UNCHANGED: set(), ROLLED_BACK: set()}
    for path in paths:
        for line in path.read_text().splitlines():
            tx, word = json.loads(line)
            said[word].add(tx)
    return said
