"""Deletes that wait: for their record to come again, as after a nightly reload, or for a person, where they are many;
run by the relay. A mark counts as one until its record is read again."""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, and_, exists, func, or_, select, update

from services.engine.capture import clock, state
from services.engine.capture.faults import any_workable, workable
from services.engine.capture.outbox import HELD, SETTLING, Change
from services.engine.capture.tables import DELETED, engine_tables

#: State by dataset: the newest outbox id up to which a person has let deletes go.
RELEASED = "released."


def drop_overtaken(connection: Connection, dataset: str, limit: int) -> int:
    """Mark as sent, without an event, at most `limit` waiting deletes whose record has come again; how many."""
    tables = engine_tables(connection.dialect.name)
    outbox, mark = tables.outbox, tables.dirty.c
    row, later = outbox.c, outbox.alias("later")
    again = exists().where(
        later.c.dataset == row.dataset,
        later.c.raw_key == row.raw_key,
        later.c.sent_at.is_(None),
        later.c.id > row.id,
    )
    marked = exists().where(mark.dataset == row.dataset, mark.raw_key == row.raw_key)
    needless = _deletes(connection, dataset, row.id).where(
        row.sequence.is_(None), row.parked_because.is_(None), or_(again, marked)
    )
    return _mark(connection, needless.order_by(row.id).limit(limit))


def settle(connection: Connection, dataset: str, settle_ms: int, limit: int) -> int:
    """Have at most `limit` young deletes wait for their record to come again; how many."""
    outbox = engine_tables(connection.dialect.name).outbox
    row = outbox.c
    young = _deletes(connection, dataset, row.id).where(
        row.sequence.is_(None), row.parked_because.is_(None), row.at > settled_before(connection, settle_ms)
    )
    waits = update(outbox).where(row.id.in_(young.order_by(row.id).limit(limit)))
    return connection.execute(waits.values(parked_because=SETTLING)).rowcount


def too_many(connection: Connection, dataset: str, threshold: int) -> bool:
    """Whether more deletes of the dataset wait than may go without a person's word."""
    return _count(connection, _not_released(connection, dataset), threshold + 1) > threshold


def may_be_many(connection: Connection, dataset: str, threshold: int) -> bool:
    """The same, should the records that are marked all be gone."""
    tables = engine_tables(connection.dialect.name)
    marks = select(tables.dirty.c.raw_key).where(workable(connection.dialect.name, dataset))
    counted = (_count(connection, one, threshold + 1) for one in (_not_released(connection, dataset), marks))
    return sum(counted) > threshold


def hold(connection: Connection, dataset: str, limit: int, because: str = HELD) -> int:
    """Set at most `limit` waiting deletes of the dataset aside: for a person, or as SETTLING until it is known how many
    the marks are that came with them; how many."""
    outbox = engine_tables(connection.dialect.name).outbox
    row = outbox.c
    some = _not_released(connection, dataset).where(row.parked_because.is_(None))
    held = update(outbox).where(row.id.in_(some.order_by(row.id).limit(limit)))
    return connection.execute(held.values(parked_because=because)).rowcount


def settled(connection: Connection, settle_ms: int) -> list[str]:
    """Datasets with deletes whose record did not come again in time, or that wait for marks."""
    row = engine_tables(connection.dialect.name).outbox.c
    over = row.at <= settled_before(connection, settle_ms)
    mine = select(row.dataset).where(row.parked_because == SETTLING, over).distinct()
    return list(connection.execute(mine).scalars())


def let_settled_go(connection: Connection, dataset: str, settle_ms: int, threshold: int, limit: int) -> int:
    """Have at most `limit` of a dataset's deletes told whose record did not come again in time, or held for a person
    where they are too many; how many. All that wait count, so that of one transaction it is all or none; while it is
    for marks to say whether they are too many, none goes."""
    many = may_be_many(connection, dataset, threshold)
    if many and any_workable(connection, dataset):
        return 0
    outbox = engine_tables(connection.dialect.name).outbox
    row = outbox.c
    over = and_(row.parked_because == SETTLING, row.at <= settled_before(connection, settle_ms))
    mine = _deletes(connection, dataset, row.id)
    some = update(outbox).where(row.id.in_(mine.where(over).order_by(row.id).limit(limit)))
    return connection.execute(some.values(parked_because=HELD if many else None)).rowcount


def settled_before(connection: Connection, settle_ms: int) -> str:
    """The time, as the outbox dates its rows, before which a delete has waited long enough."""
    now = clock.read_now(connection)
    before = datetime.fromisoformat(now) - timedelta(milliseconds=settle_ms)
    precision = "milliseconds" if len(now) < len("2026-01-31T08:00:00.000000Z") else "microseconds"
    return before.isoformat(timespec=precision).replace("+00:00", "Z")


def relieve(connection: Connection, change: Change) -> None:
    """The record came again: its earlier deletes that were set aside are needless."""
    row = engine_tables(connection.dialect.name).outbox.c
    mine = and_(row.dataset == change.dataset, row.raw_key == change.raw_key, row.id < change.id)
    needless = select(row.id).where(mine, row.sent_at.is_(None), row.parked_because.in_((SETTLING, HELD)))
    _mark(connection, needless)


def _deletes(connection: Connection, dataset: str, column: ColumnElement[int]) -> Select[int]:
    row = engine_tables(connection.dialect.name).outbox.c
    return select(column).where(row.dataset == dataset, row.op == DELETED, row.sent_at.is_(None))


def _not_released(connection: Connection, dataset: str) -> Select[int]:
    """Ids of the dataset's deletes that have no number yet, and that no person has let go."""
    row = engine_tables(connection.dialect.name).outbox.c
    released = int(state.get(connection, RELEASED + dataset) or 0)
    return _deletes(connection, dataset, row.id).where(row.id > released, row.sequence.is_(None))


def _count(connection: Connection, some: Select[Any], most: int) -> int:
    """Counts no further than it must."""
    counted = select(func.count()).select_from(some.limit(most).subquery())
    return connection.execute(counted).scalar_one()


def _mark(connection: Connection, ids: Select[int]) -> int:
    outbox = engine_tables(connection.dialect.name).outbox
    needless = update(outbox).where(outbox.c.id.in_(ids))
    at = clock.seconds(connection.dialect.name)
    return connection.execute(needless.values(sent_at=at, parked_because=None)).rowcount
