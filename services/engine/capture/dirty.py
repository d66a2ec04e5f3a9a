"""Marks on records whose change was not captured whole, and the re-reading that turns them into outbox rows; triggers
and attach set them, the relay works them off."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, delete, exists, or_, select

from services.engine.capture import clock, record, telling, told
from services.engine.capture.captured import Captured
from services.engine.capture.dialect import Dialect
from services.engine.capture.tables import CREATED, DELETED, EVERY_KEY, SNAPSHOT, UPDATED, engine_tables
from services.engine.capture.upsert import insert as insert_over


@dataclass(frozen=True, slots=True)
class Todo:
    """Whether records have no record id yet, whether single records are marked, and since when all are, and how."""

    nameless: bool
    marked: bool
    all_marked_at: str | None
    all_forced: bool


def mark(connection: Connection, dataset: str, keys: Sequence[str], *, forced: bool = False) -> None:
    """Mark records to be read again; forced, they are told whatever the audiences know."""
    if not keys:
        return
    at: str = connection.execute(select(clock.now(connection.dialect.name))).scalar_one()
    dirty = engine_tables(connection.dialect.name).dirty
    fresh = insert_over(connection.dialect.name, dirty)
    statement = fresh.on_conflict_do_update(
        index_elements=["dataset", "raw_key"],
        set_={"at": fresh.excluded.at, "forced": or_(dirty.c.forced, fresh.excluded.forced)},
    )
    marked = {"dataset": dataset, "at": at, "forced": forced}
    connection.execute(statement, [{**marked, "raw_key": key} for key in keys])


def mark_all(connection: Connection, dataset: str, *, forced: bool = False) -> None:
    """Mark every record of a dataset, those that are gone from the table included."""
    mark(connection, dataset, [EVERY_KEY], forced=forced)


def todo(connection: Connection, datasets: Iterable[str]) -> dict[str, Todo]:
    """What waits for the relay's chores, by dataset."""
    return {dataset: _todo(connection, dataset) for dataset in datasets}


def _todo(connection: Connection, dataset: str) -> Todo:
    tables = engine_tables(connection.dialect.name)
    mark, known = tables.dirty.c, tables.record.c
    one = exists().where(mark.dataset == dataset, mark.raw_key != EVERY_KEY)
    nameless = exists().where(known.dataset == dataset, known.pseudonym.is_(None))
    of_all = select(mark.at, mark.forced).where(mark.dataset == dataset, mark.raw_key == EVERY_KEY)
    at, forced = connection.execute(of_all).one_or_none() or (None, False)
    return Todo(*connection.execute(select(nameless, one)).one(), at, forced)


def mark_found(
    connection: Connection, dialect: Dialect, captured: Captured, after: str | None, limit: int, forced: bool
) -> str | None:
    """Mark the table's next records by their own keys; the last key, or None at the table's end."""
    keys = record.keys_after(connection, dialect, captured, after, limit)
    record.ensure(connection, captured.dataset, keys, deleted=True)
    mark(connection, captured.dataset, keys, forced=forced)
    return keys[-1] if len(keys) == limit else None


def mark_known(
    connection: Connection, dataset: str, after: str | None, limit: int, forced: bool
) -> str | None:
    """Mark the next records that we take to be in the table by their own keys; the last key, or None at the end."""
    known = engine_tables(connection.dialect.name).record
    following = select(known.c.raw_key).where(
        known.c.dataset == dataset, known.c.raw_key > (after or ""), known.c.deleted.is_(False)
    )
    keys = connection.execute(following.order_by(known.c.raw_key).limit(limit)).scalars().all()
    mark(connection, dataset, keys, forced=forced)
    return keys[-1] if len(keys) == limit else None


def settle(connection: Connection, dataset: str, at: str) -> None:
    """Take the mark on every record away, unless it was set again meanwhile."""
    dirty = engine_tables(connection.dialect.name).dirty
    connection.execute(
        delete(dirty).where(dirty.c.dataset == dataset, dirty.c.raw_key == EVERY_KEY, dirty.c.at == at)
    )


def read_again(connection: Connection, dialect: Dialect, captured: Captured, limit: int) -> int:
    """Turn at most `limit` marks into outbox rows that tell how the records stand now; how many marks that took away.

    The order is what makes it safe against writers: the mark is locked first (a writer whose capture fails now waits,
    and marks anew), then the record row (a writer of this key waits, and its change comes after ours), then the
    department's row is read. A record that a writer holds keeps its mark.
    """
    dataset = captured.dataset
    forced = _locked_marks(connection, dataset, limit)
    if not forced:
        return 0
    keys = list(forced)
    record.ensure(connection, dataset, keys, deleted=True)
    held = record.locked(connection, dataset, keys)
    stand = record.rows_now(connection, dialect, captured, list(held))
    known = told.get(connection, dataset, list(held))
    for raw_key, deleted in held.items():
        row = stand.get(raw_key)
        if row is not None or not deleted or raw_key in known or forced[raw_key]:
            telling.tell(connection, dataset, raw_key, row, _op(row, deleted, forced[raw_key]))
    _unmark(connection, dataset, list(held))
    return len(held)


def _op(row: str | None, deleted: bool, forced: bool) -> str:
    if forced:
        return SNAPSHOT
    if row is None:
        return DELETED
    return CREATED if deleted else UPDATED


def _locked_marks(connection: Connection, dataset: str, limit: int) -> dict[str, bool]:
    """Raw keys, and whether they are to be told whatever the audiences know."""
    dirty = engine_tables(connection.dialect.name).dirty
    marks = select(dirty.c.raw_key, dirty.c.forced).where(
        dirty.c.dataset == dataset, dirty.c.raw_key != EVERY_KEY
    )
    found = connection.execute(marks.limit(limit).with_for_update(skip_locked=True))
    return {one.raw_key: one.forced for one in found}


def _unmark(connection: Connection, dataset: str, keys: Sequence[str]) -> None:
    dirty = engine_tables(connection.dialect.name).dirty
    connection.execute(delete(dirty).where(dirty.c.dataset == dataset, dirty.c.raw_key.in_(keys)))
