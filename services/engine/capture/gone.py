"""Records that are gone from the table unseen, though we take them to be there or audiences were told of them; found
in the second half of a snapshot."""

from collections.abc import Sequence

from sqlalchemy import Connection, Select, func, select, union, update

from services.engine.capture import dirty, outbox, record, telling, told
from services.engine.capture.captured import Captured
from services.engine.capture.dialect import Dialect
from services.engine.capture.outbox import HELD
from services.engine.capture.tables import DELETED, SNAPSHOT, engine_tables
from services.engine.capture.telling import Told


def tell_some(
    connection: Connection,
    dialect: Dialect,
    captured: Captured,
    after: str | None,
    limit: int,
    *,
    forced: bool,
) -> tuple[str | None, int | None]:
    """Look at the next known records, at most `limit`, and tell deletes of those that are gone, which are held until it
    is known how many they are; the last raw key, None at the end, and the id of the first delete told."""
    dataset = captured.dataset
    keys = _known(connection, dataset, after, limit)
    missing = _missing(connection, dialect, captured, keys)
    record.ensure(connection, dataset, missing, deleted=True)
    free = record.locked(connection, dataset, missing)
    dirty.mark(connection, dataset, [key for key in missing if key not in free], forced=forced)
    # A writer may have put some of them back before we locked them.
    gone = _untold(
        connection, dataset, {key: free[key] for key in _missing(connection, dialect, captured, list(free))}
    )
    op = SNAPSHOT if forced else DELETED
    telling.tell_all(connection, dataset, [Told(key, None, op) for key in gone], aside=HELD)
    first = _first_held(connection, dataset, gone) if gone else None
    return (keys[-1] if len(keys) == limit else None), first


def let_few_go(connection: Connection, dataset: str, first: int, most: int) -> bool:
    """Have the deletes told that were held from one on, unless they are more than `most`, which wait for a person;
    whether they go."""
    table = engine_tables(connection.dialect.name).outbox
    row = table.c
    held = select(row.id).where(row.parked_because == HELD, row.id >= first, row.dataset == dataset)
    ids = connection.execute(held.limit(most + 1)).scalars().all()
    if len(ids) > most:
        return False
    connection.execute(update(table).where(row.id.in_(held)).values(parked_because=None))
    return True


def _known(connection: Connection, dataset: str, after: str | None, limit: int) -> Sequence[str]:
    tables = engine_tables(connection.dialect.name)
    known, told_of = tables.record.c, tables.told.c

    def some(query: Select[str]) -> Select[str]:
        return select(query.limit(limit).subquery().c.raw_key)

    there = select(known.raw_key).where(
        known.dataset == dataset, known.raw_key > (after or ""), known.deleted.is_(False)
    )
    named = select(told_of.raw_key).where(told_of.dataset == dataset, told_of.raw_key > (after or ""))
    both = union(some(there.order_by(known.raw_key)), some(named.order_by(told_of.raw_key))).subquery()
    return connection.execute(select(both.c.raw_key).order_by(both.c.raw_key).limit(limit)).scalars().all()


def _missing(connection: Connection, dialect: Dialect, captured: Captured, keys: Sequence[str]) -> list[str]:
    rows = record.rows_now(connection, dialect, captured, keys) if keys else {}
    return [key for key in keys if key not in rows]


def _untold(connection: Connection, dataset: str, deleted: dict[str, bool]) -> list[str]:
    """Those of the records whose delete neither waits nor was told; by raw key, whether we know that they are gone."""
    keys = list(deleted)
    waiting = outbox.newest_unsent(connection, dataset, keys)
    known = told.get(connection, dataset, keys)
    return [
        key
        for key in keys
        if (waiting[key] is not None if key in waiting else key in known or not deleted[key])
    ]


def _first_held(connection: Connection, dataset: str, keys: Sequence[str]) -> int:
    row = engine_tables(connection.dialect.name).outbox.c
    held = row.parked_because == HELD
    first = select(func.min(row.id)).where(
        row.dataset == dataset, row.raw_key.in_(keys), held, row.sent_at.is_(None)
    )
    return int(connection.execute(first).scalar_one())
