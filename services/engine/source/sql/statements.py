"""Statements from shapes: SQLAlchemy Core builds each one once, and its text then runs on the driver with bound values;
called by `source`, which keeps them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ClauseElement, ColumnElement, func, literal_column, select
from sqlalchemy.dialects.postgresql import asyncpg
from sqlalchemy.dialects.sqlite import pysqlite
from sqlalchemy.engine import Dialect
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.expression import FromClause, table

from services.engine.capture.keys import key_expression, literal
from services.engine.capture.tables import SQLITE, engine_tables
from services.engine.source.port import StatementTooLong
from services.engine.source.sql.conditions import PLACE, Binds, Conditions, value_type
from services.engine.source.sql.layout import TABLE, Layout
from services.engine.source.sql.positions import OrderTerm, beyond
from services.engine.source.sql.shapes import Grouped, Shape, Spelt, Term, Test

#: The longest text of a statement, in characters: SQLite takes a million bytes.
_LONGEST = 300_000
#: Columns that are not the contract's.
VERSION = "record_version"
RECORD_ID = "record_id"


@dataclass(frozen=True, slots=True)
class Statement:
    """A text in the driver's own style. `places` says which of the shape's values stands at each of its parameters;
    `quick` that it finds by an index, and so is probably done in microseconds."""

    text: str
    places: tuple[int, ...]
    quick: bool = False

    def arguments(self, values: Sequence[Any]) -> tuple[Any, ...]:
        return tuple(values[place] for place in self.places)


def page_statement(shape: Shape, layout: Layout, *, lock: bool = False) -> Statement:
    """Reads the stored spellings of `read_items`, then epoch and number where the version is asked for.

    `lock` keeps other writers from the rows read; SQLite has but one writer, and needs no such word.
    """
    binds = Binds(layout.dialect)
    where = [*_where(shape, layout, binds)]
    terms = _terms(shape, layout)
    if shape.after is not None:
        where.append(beyond(terms, shape.after + (False,) * len(layout.key), binds))
    shown: list[ColumnElement[Any]] = [
        literal_column(layout.twins[item].shown) for item in read_items(shape, layout)
    ]
    source = of_table = _table(layout)
    if VERSION in shape.columns:
        source, version = _with_version(source, layout)
        shown += version
    query = select(*shown).select_from(source).where(*where).order_by(*(term.ordering() for term in terms))
    query = query.limit(binds.number()).offset(binds.number())
    if lock:
        query = query.with_for_update(of=of_table)
    return compiled(query, layout.dialect, _quick(shape, layout))


def count_statement(shape: Shape, layout: Layout) -> Statement:
    query = (
        select(func.count()).select_from(_table(layout)).where(*_where(shape, layout, Binds(layout.dialect)))
    )
    return compiled(query, layout.dialect, _quick(shape, layout))


def probe_statement(layout: Layout) -> Statement:
    """Names every mapped column, and reads whichever row comes first."""
    columns: list[ColumnElement[Any]] = [
        literal_column(layout.column(item)) for item in layout.mapping.fields
    ]
    return compiled(
        select(*columns).select_from(_table(layout)).limit(literal_column("1")).offset(literal_column("0")),
        layout.dialect,
        quick=True,
    )


def read_items(shape: Shape, layout: Layout) -> tuple[str, ...]:
    """The items whose columns a page reads, each once: the key's, the order's, those shown."""
    wanted = (*layout.key, *(term.item for term in shape.order), *shape.columns)
    return tuple(item for item in dict.fromkeys(wanted) if item not in (VERSION, RECORD_ID))


def compiled(query: ClauseElement, dialect: str, quick: bool = False) -> Statement:
    """The statement in the dialect's text; StatementTooLong when that is longer than databases take."""
    made = query.compile(dialect=_dialect(dialect))
    assert isinstance(made, SQLCompiler)
    if len(made.string) > _LONGEST:
        raise StatementTooLong
    names = made.positiontup or ()
    return Statement(made.string, tuple(int(name.removeprefix(PLACE)) for name in names), quick)


def _dialect(name: str) -> Dialect:
    return pysqlite.dialect(paramstyle="qmark") if name == SQLITE else asyncpg.dialect()  # type: ignore[no-untyped-call]


def _table(layout: Layout) -> FromClause:
    return table(layout.mapping.table.name).alias(TABLE)


def _where(shape: Shape, layout: Layout, binds: Binds) -> list[ColumnElement[bool]]:
    """The shape's tests; and a row whose key cannot be read is no record."""
    conditions = Conditions(layout, binds)
    tests = [conditions.of(test) for test in shape.where]
    spelt = _spelt(Grouped(False, shape.where))
    return tests + [literal_column(layout.twins[item].readable) for item in layout.key if item not in spelt]


def _terms(shape: Shape, layout: Layout) -> list[OrderTerm]:
    """The question's order, then the key."""
    return [_term(one, layout) for one in (*shape.order, *(Term(item) for item in layout.key))]


def _term(one: Term, layout: Layout) -> OrderTerm:
    twin, of_type = layout.twins[one.item], value_type(layout, one.item)
    if one.item in layout.key:
        # Never null here, for a row whose key cannot be read is none of ours.
        return OrderTerm(twin.value, of_type, one.descending)
    return OrderTerm(twin.decoded, of_type, one.descending, one.nulls_first)


def _with_version(source: FromClause, layout: Layout) -> tuple[FromClause, list[ColumnElement[Any]]]:
    record = engine_tables(layout.dialect).record.alias("r")
    raw_key = key_expression(layout.mapping.key_columns, TABLE, layout.dialect)
    of_dataset = record.c.dataset == literal_column(literal(layout.mapping.contract.dataset))
    joined = source.outerjoin(record, of_dataset & (record.c.raw_key == literal_column(raw_key)))
    return joined, [record.c.epoch, record.c.version]


def _quick(shape: Shape, layout: Layout) -> bool:
    return any(layout.leads_index(item) for item in _spelt(Grouped(False, shape.where)))


def _spelt(test: Test) -> frozenset[str]:
    """The items that hold a spelling of some value in every row that meets the test."""
    if isinstance(test, Spelt):
        return frozenset({test.item})
    if not isinstance(test, Grouped) or not test.members:
        return frozenset()
    found = [_spelt(member) for member in test.members]
    return frozenset.intersection(*found) if test.any else frozenset.union(*found)
