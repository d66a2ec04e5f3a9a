"""The statements of writes, each built once: on the department's table, and on the engine's rows beside it; called by
`writing` and `naming`."""

from functools import cache
from typing import Any

from sqlalchemy import (
    BindParameter,
    ClauseElement,
    ColumnElement,
    Text,
    and_,
    column,
    delete,
    false,
    insert,
    literal_column,
    select,
    update,
)
from sqlalchemy.sql.expression import TableClause, table

from services.engine.capture.postgresql import Postgresql
from services.engine.capture.sqlite import Sqlite
from services.engine.capture.tables import SQLITE, engine_tables
from services.engine.source.sql.conditions import Binds, column_type
from services.engine.source.sql.layout import Layout
from services.engine.source.sql.statements import Statement, compiled


def insert_row(layout: Layout, items: tuple[str, ...]) -> Statement:
    """Takes the items' stored spellings."""
    binds = Binds(layout.dialect)
    return compiled(insert(_table(layout, items)).values(_assigned(layout, items, binds)), layout.dialect)


def update_row(layout: Layout, items: tuple[str, ...]) -> Statement:
    """Takes the items' stored spellings, then the key's as they stand."""
    binds = Binds(layout.dialect)
    changed = update(_table(layout, items)).values(_assigned(layout, items, binds))
    return compiled(changed.where(_same_key(layout, binds)), layout.dialect)


def delete_row(layout: Layout) -> Statement:
    """Takes the key's stored spellings as they stand."""
    return compiled(
        delete(_table(layout, ())).where(_same_key(layout, Binds(layout.dialect))), layout.dialect
    )


@cache
def record_version(dialect: str) -> Statement:
    """Takes dataset and raw key; epoch and number of the record row."""
    record, binds = engine_tables(dialect).record, Binds(dialect)
    same = and_(record.c.dataset == binds.one(Text), record.c.raw_key == binds.one(Text))
    return compiled(select(record.c.epoch, record.c.version).where(same), dialect, quick=True)


@cache
def name_record(dialect: str) -> Statement:
    """Takes record id, dataset and raw key; a record keeps the id that it has."""
    record, binds = engine_tables(dialect).record, Binds(dialect)
    named = update(record).values(pseudonym=binds.one(Text))
    same = and_(record.c.dataset == binds.one(Text), record.c.raw_key == binds.one(Text))
    return compiled(named.where(same, record.c.pseudonym.is_(None)), dialect)


@cache
def nameless_record(dialect: str) -> Statement:
    """Takes dataset; one raw key, if there is one, of a record that has no record id yet."""
    record, binds = engine_tables(dialect).record, Binds(dialect)
    found = select(record.c.raw_key).where(record.c.dataset == binds.one(Text), record.c.pseudonym.is_(None))
    one = found.limit(literal_column("1")).offset(literal_column("0"))
    return compiled(one, dialect, quick=True)


@cache
def named_records(dialect: str) -> Statement:
    """Takes dataset and a list of record ids; record id and raw key of those that exist."""
    record, binds = engine_tables(dialect).record, Binds(dialect)
    mine, named = record.c.dataset == binds.one(Text), binds.among(record.c.pseudonym, Text)
    found = select(record.c.pseudonym, record.c.raw_key).where(mine, named, record.c.deleted == false())
    return compiled(found, dialect, quick=True)


@cache
def known_also(dialect: str) -> Statement:
    """The same for ids that records have beside their own."""
    tables, binds = engine_tables(dialect), Binds(dialect)
    record, alias = tables.record.c, tables.alias.c
    mine, named = alias.dataset == binds.one(Text), binds.among(alias.record_id, Text)
    same = and_(record.dataset == alias.dataset, record.raw_key == alias.raw_key, record.deleted == false())
    found = select(alias.record_id, alias.raw_key).join_from(tables.alias, tables.record, same)
    return compiled(found.where(mine, named), dialect, quick=True)


@cache
def given_before(dialect: str) -> Statement:
    """Takes dataset and idempotency key; the digest under it, and the record id and version answered."""
    kept, binds = engine_tables(dialect).idempotency, Binds(dialect)
    same = and_(kept.c.dataset == binds.one(Text), kept.c.key == binds.one(Text))
    return compiled(select(kept.c.digest, kept.c.record_id, kept.c.version).where(same), dialect)


@cache
def keep_given(dialect: str) -> Statement:
    """Takes dataset, idempotency key, digest, record id and version; adds the database's time."""
    kept, binds = engine_tables(dialect).idempotency, Binds(dialect)
    said: dict[str, ClauseElement] = {
        name: binds.one(Text) for name in ("dataset", "key", "digest", "record_id", "version")
    }
    now = Sqlite.now if dialect == SQLITE else Postgresql.now
    return compiled(insert(kept).values({**said, "at": literal_column(now)}), dialect)


def _table(layout: Layout, items: tuple[str, ...]) -> TableClause:
    columns = {layout.field(item).column for item in (*items, *layout.key)}
    return table(layout.mapping.table.name, *(column(name) for name in sorted(columns)))


def _assigned(layout: Layout, items: tuple[str, ...], binds: Binds) -> dict[str, BindParameter[Any]]:
    return {layout.field(item).column: binds.one(column_type(layout, item)) for item in items}


def _same_key(layout: Layout, binds: Binds) -> ColumnElement[bool]:
    return and_(
        *(column(layout.field(item).column) == binds.one(column_type(layout, item)) for item in layout.key)
    )
