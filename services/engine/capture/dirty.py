"""Marks on records whose change was not captured whole, and the re-reading that turns them into outbox rows; triggers
and attach set them, the relay works them off."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, delete, exists, func, insert, literal, select, update

from services.engine.capture import clock, record, state
from services.engine.capture.captured import Captured
from services.engine.capture.dialect import Dialect
from services.engine.capture.tables import DELETED, EPOCH, EVERY_KEY, SNAPSHOT, SQLITE, engine_tables
from services.engine.capture.upsert import insert as insert_over


@dataclass(frozen=True, slots=True)
class Todo:
    """Whether records have no record id yet, whether single records are marked, and since when all are."""

    nameless: bool
    marked: bool
    all_marked_at: str | None


def mark(connection: Connection, dataset: str, keys: Sequence[str]) -> None:
    """Mark records to be read again."""
    if not keys:
        return
    at: str = connection.execute(select(clock.now(connection.dialect.name))).scalar_one()
    fresh = insert_over(connection.dialect.name, engine_tables(connection.dialect.name).dirty)
    statement = fresh.on_conflict_do_update(
        index_elements=["dataset", "raw_key"], set_={"at": fresh.excluded.at}
    )
    connection.execute(statement, [{"dataset": dataset, "raw_key": key, "at": at} for key in keys])


def mark_all(connection: Connection, dataset: str) -> None:
    """Mark every record of a dataset, those that are gone from the table included."""
    mark(connection, dataset, [EVERY_KEY])


def todo(connection: Connection, datasets: Iterable[str]) -> dict[str, Todo]:
    """What waits for the relay's chores, by dataset."""
    return {dataset: _todo(connection, dataset) for dataset in datasets}


def _todo(connection: Connection, dataset: str) -> Todo:
    tables = engine_tables(connection.dialect.name)
    mark, known = tables.dirty.c, tables.record.c
    of_all = select(mark.at).where(mark.dataset == dataset, mark.raw_key == EVERY_KEY).scalar_subquery()
    one = exists().where(mark.dataset == dataset, mark.raw_key != EVERY_KEY)
    nameless = exists().where(known.dataset == dataset, known.pseudonym.is_(None))
    return Todo(*connection.execute(select(nameless, one, of_all)).one())


def mark_found(
    connection: Connection, dialect: Dialect, captured: Captured, after: str | None, limit: int
) -> str | None:
    """Mark the table's next records by their own keys; the last key, or None at the table's end."""
    keys = record.keys_after(connection, dialect, captured, after, limit)
    record.ensure(connection, captured.dataset, keys, deleted=True)
    mark(connection, captured.dataset, keys)
    return keys[-1] if len(keys) == limit else None


def mark_known(connection: Connection, dataset: str, after: str | None, limit: int) -> str | None:
    """Mark the next records that we take to be in the table by their own keys; the last key, or None at the end."""
    known = engine_tables(connection.dialect.name).record
    following = select(known.c.raw_key).where(
        known.c.dataset == dataset, known.c.raw_key > (after or ""), known.c.deleted.is_(False)
    )
    keys = connection.execute(following.order_by(known.c.raw_key).limit(limit)).scalars().all()
    mark(connection, dataset, keys)
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
    keys = _locked_marks(connection, captured.dataset, limit)
    if not keys:
        return 0
    record.ensure(connection, captured.dataset, keys, deleted=True)
    held = record.locked(connection, captured.dataset, keys)
    stand = record.rows_now(connection, dialect, captured, list(held))
    epoch = int(state.get(connection, EPOCH) or 1)
    for raw_key, deleted in held.items():
        row = stand.get(raw_key)
        if row is not None or not deleted:
            _tell(connection, captured.dataset, raw_key, row, epoch)
    _unmark(connection, captured.dataset, list(held))
    return len(held)


def _locked_marks(connection: Connection, dataset: str, limit: int) -> Sequence[str]:
    dirty = engine_tables(connection.dialect.name).dirty
    marks = select(dirty.c.raw_key).where(dirty.c.dataset == dataset, dirty.c.raw_key != EVERY_KEY)
    return connection.execute(marks.limit(limit).with_for_update(skip_locked=True)).scalars().all()


def _tell(connection: Connection, dataset: str, raw_key: str, row: str | None, epoch: int) -> None:
    """The record's next version, then the outbox row, as a trigger does. A version never has two contents, so what
    was read is a version of its own."""
    tables = engine_tables(connection.dialect.name)
    known, outbox = tables.record.c, tables.outbox
    mine = (known.dataset == dataset) & (known.raw_key == raw_key)
    newest = (
        func.max(known.epoch, epoch)
        if connection.dialect.name == SQLITE
        else func.greatest(known.epoch, epoch)
    )
    connection.execute(
        update(tables.record).where(mine).values(epoch=newest, version=known.version + 1, deleted=row is None)
    )
    told = select(
        known.dataset,
        known.raw_key,
        known.epoch,
        known.version,
        literal(DELETED if row is None else SNAPSHOT),
        literal(row),
        clock.now(connection.dialect.name),
    ).where(mine)
    columns = ["dataset", "raw_key", "epoch", "version", "op", "new", "at"]
    connection.execute(insert(outbox).from_select(columns, told))


def _unmark(connection: Connection, dataset: str, keys: Sequence[str]) -> None:
    dirty = engine_tables(connection.dialect.name).dirty
    connection.execute(delete(dirty).where(dirty.c.dataset == dataset, dirty.c.raw_key.in_(keys)))
