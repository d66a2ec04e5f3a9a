"""The text of statements that make the tables which mappings describe, or add to them what a database lacks; pure,
the same for both databases, run by `ddl`."""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from services.engine.capture.fit import ColumnRow
from services.engine.capture.keys import quoted
from services.engine.capture.tables import SQLITE
from services.engine.mapping.model import PhysicalTable


class CannotComplete(Exception):
    """A table lacks a column that no statement could add to rows that are there; says which."""


def making(table: PhysicalTable) -> Iterator[str]:
    """The statements that make a table with its indexes."""
    columns = [
        f"{quoted(name)} {kind}{' NOT NULL' if name in table.key else ''}"
        for name, kind in table.columns.items()
    ]
    yield f"CREATE TABLE {quoted(table.name)} ({', '.join(columns)}, PRIMARY KEY ({listed(table.key)}))"
    for number, index in enumerate(table.indexes, start=1):
        yield f"CREATE INDEX {quoted(f'ix_{table.name}_{number}')} ON {quoted(table.name)} ({listed(index)})"


def lacking(
    tables: Mapping[str, PhysicalTable], found: Iterable[ColumnRow], dialect: str
) -> list[tuple[str, Sequence[str]]]:
    """What a database lacks of tables that should be there, by what `columns_query` found: each as a sentence, with the
    statements that mend it. A table that is there gains columns, and the indexes over them. Raises CannotComplete."""
    there: dict[str, set[str]] = {}
    for table, column, *_ in found:
        there.setdefault(_name(table, dialect), set()).add(_name(column, dialect))
    todo: list[tuple[str, Sequence[str]]] = []
    for one in tables.values():
        columns = there.get(_name(one.name, dialect))
        if columns is None:
            todo.append((f"table {one.name}", list(making(one))))
        else:
            todo += _added(one, [name for name in one.columns if _name(name, dialect) not in columns])
    return todo


def _added(table: PhysicalTable, columns: Sequence[str]) -> Iterator[tuple[str, Sequence[str]]]:
    if keys := [name for name in columns if name in table.key]:
        raise CannotComplete(
            f"the table {table.name} lacks {', '.join(keys)} of its key, so it is another one"
        )
    for name in columns:
        kind = table.columns[name]
        statement = f"ALTER TABLE {quoted(table.name)} ADD COLUMN {quoted(name)} {kind}"
        yield f"column {table.name}.{name}, {kind}", [statement]
    for index in table.indexes:
        if set(index) & set(columns):
            # Not by its number: those that are there were numbered when there were others.
            name = f"ix_{table.name}_{'_'.join(index)}"
            statement = f"CREATE INDEX {quoted(name)} ON {quoted(table.name)} ({listed(index)})"
            yield f"index {name}", [statement]


def listed(names: Iterable[str]) -> str:
    """Identifiers, separated by commas."""
    return ", ".join(map(quoted, names))


def _name(name: str, dialect: str) -> str:
    """SQLite's names are the same in capitals and in small letters."""
    return name.lower() if dialect == SQLITE else name
