"""Marks on records whose change was not captured whole, and the re-reading that turns them into outbox rows; triggers
and attach set them, the relay works them off."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, delete, exists, or_, select

from services.engine.capture import aliases, clock, deletes, outbox, record, telling, told
from services.engine.capture.captured import Captured
from services.engine.capture.dialect import Dialect
from services.engine.capture.faults import any_workable, workable
from services.engine.capture.naming import UNREADABLE
from services.engine.capture.outbox import SETTLING
from services.engine.capture.tables import CREATED, DELETED, EVERY_KEY, SNAPSHOT, UPDATED, engine_tables
from services.engine.capture.telling import Told
from services.engine.capture.told import Digests
from services.engine.capture.upsert import insert as insert_over


@dataclass(frozen=True, slots=True)
class Todo:
    """Whether records have no record id yet, and whether single records are marked that can be read again."""

    nameless: bool
    marked: bool


def mark(connection: Connection, dataset: str, keys: Sequence[str], *, forced: bool = False) -> None:
    """Mark records to be read again; forced, they are told whatever the audiences know."""
    if not keys:
        return
    dirty = engine_tables(connection.dialect.name).dirty
    fresh = insert_over(connection.dialect.name, dirty)
    statement = fresh.on_conflict_do_update(
        index_elements=["dataset", "raw_key"],
        set_={"at": fresh.excluded.at, "forced": or_(dirty.c.forced, fresh.excluded.forced)},
    )
    marked = {"dataset": dataset, "at": clock.read_now(connection), "forced": forced}
    # In the order in which writers set them, so that no two wait for each other.
    connection.execute(statement, [{**marked, "raw_key": key} for key in sorted(keys)])


def every_marked(connection: Connection, dataset: str) -> bool:
    """Whether every record of the dataset is marked."""
    mark = engine_tables(connection.dialect.name).dirty.c
    every = exists().where(mark.dataset == dataset, mark.raw_key == EVERY_KEY)
    return bool(connection.execute(select(every)).scalar_one())


def take_every_mark(connection: Connection, dataset: str) -> bool:
    """Take the mark on every record away; not one that a writer is about to set again."""
    dirty = engine_tables(connection.dialect.name).dirty
    mine = (dirty.c.dataset == dataset) & (dirty.c.raw_key == EVERY_KEY)
    marked = select(dirty.c.raw_key).where(mine).with_for_update(skip_locked=True)
    if connection.execute(marked).scalar() is None:
        return False
    connection.execute(delete(dirty).where(mine))
    return True


def mark_named(connection: Connection, dataset: str, record_id: str) -> bool:
    """Mark the record of a record id to be told whatever the audiences know; False when there is none."""
    keys = _named(connection, dataset, record_id)
    mark(connection, dataset, keys, forced=True)
    return bool(keys)


def all_told(connection: Connection, dataset: str, record_id: str) -> bool:
    """Whether nothing of the record of a record id is still to be told, nor set aside; False when there is none."""
    tables, keys = engine_tables(connection.dialect.name), _named(connection, dataset, record_id)
    mark, row = tables.dirty.c, tables.outbox.c
    marked = exists().where(mark.dataset == dataset, mark.raw_key.in_([*keys, EVERY_KEY]))
    unsent = exists().where(row.dataset == dataset, row.raw_key.in_(keys), row.sent_at.is_(None))
    # In one statement: marks become changes, and changes marks.
    return bool(keys) and not connection.execute(select(or_(marked, unsent))).scalar_one()


def _named(connection: Connection, dataset: str, record_id: str) -> Sequence[str]:
    """The raw key of the record that has this id, or had it by another key; more where ids clash."""
    known = engine_tables(connection.dialect.name).record.c
    named = select(known.raw_key).where(known.dataset == dataset, known.pseudonym == record_id)
    keys = connection.execute(named).scalars().all() if record_id != UNREADABLE else []
    return keys or aliases.raw_keys(connection, dataset, record_id)


def todo(connection: Connection, datasets: Iterable[str]) -> dict[str, Todo]:
    """What waits for the relay's chores, by dataset."""
    return {dataset: _todo(connection, dataset) for dataset in datasets}


def _todo(connection: Connection, dataset: str) -> Todo:
    known = engine_tables(connection.dialect.name).record.c
    nameless = exists().where(known.dataset == dataset, known.pseudonym.is_(None))
    return Todo(connection.execute(select(nameless)).scalar_one(), any_workable(connection, dataset))


def read_again(
    connection: Connection,
    dialect: Dialect,
    captured: Captured,
    limit: int,
    *,
    settle_ms: int,
    hold_deletes: int,
) -> int:
    """Turn at most `limit` marks into outbox rows that tell how the records stand now; how many marks that took away.

    The order is what makes it safe against writers: the table is kept from being emptied, then the mark is locked (a
    writer whose capture fails now waits, and marks anew), then the record row (a writer of this key waits, and its
    change comes after ours), then the department's row is read. A record that a writer holds keeps its mark. Where a
    change that waits says already how the record stands, or audiences know, nothing is told beside it.

    Deletes are told once it is known that they are no more than `hold_deletes`: while the marks that are left might be
    as many, they settle, and with the last mark they go, or wait for a person; but not before `settle_ms` are over.
    """
    record.hold_table(connection, captured)
    dataset = captured.dataset
    forced = _locked_marks(connection, dataset, limit)
    if not forced:
        return 0
    keys = list(forced)
    record.ensure(connection, dataset, keys, deleted=True)
    held = record.locked(connection, dataset, keys)
    stand = record.rows_now(connection, dialect, captured, list(held))
    _tell(connection, dataset, _news(connection, dataset, held, forced, stand), hold_deletes)
    _unmark(connection, dataset, list(held))
    if not any_workable(connection, dataset):
        deletes.let_settled_go(connection, dataset, settle_ms, hold_deletes, hold_deletes)
    return len(held)


def _news(
    connection: Connection,
    dataset: str,
    held: Mapping[str, bool],
    forced: Mapping[str, bool],
    stand: Mapping[str, str],
) -> list[Told]:
    """What there is to tell of records, as they `stand`: by raw key, whether they are deleted as far as we know, and
    whether they are told in any case."""
    waiting = outbox.newest_unsent(connection, dataset, list(held))
    known = told.get(connection, dataset, list(held))
    return [
        Told(raw_key, stand.get(raw_key), _op(stand.get(raw_key), deleted, forced[raw_key]))
        for raw_key, deleted in held.items()
        if forced[raw_key]
        or (
            waiting[raw_key] != stand.get(raw_key)
            if raw_key in waiting
            else _is_news(stand.get(raw_key), deleted, known.get(raw_key))
        )
    ]


def _tell(connection: Connection, dataset: str, news: Sequence[Told], hold_deletes: int) -> None:
    gone = [one for one in news if one.op == DELETED]
    many = bool(gone) and deletes.may_be_many(connection, dataset, hold_deletes)
    telling.tell_all(connection, dataset, [one for one in news if one.op != DELETED])
    telling.tell_all(connection, dataset, gone, aside=SETTLING if many else None)


def _is_news(row: str | None, deleted: bool, known: Digests | None) -> bool:
    """Whether a record stands otherwise than we and the audiences have it."""
    if row is None:
        return not deleted or known is not None
    return deleted or not told.is_known(known, row)


def _op(row: str | None, deleted: bool, forced: bool) -> str:
    if forced:
        return SNAPSHOT
    if row is None:
        return DELETED
    return CREATED if deleted else UPDATED


def _locked_marks(connection: Connection, dataset: str, limit: int) -> dict[str, bool]:
    """Raw keys, and whether they are to be told whatever the audiences know."""
    dirty = engine_tables(connection.dialect.name).dirty
    marks = select(dirty.c.raw_key, dirty.c.forced).where(workable(connection.dialect.name, dataset))
    found = connection.execute(marks.limit(limit).with_for_update(skip_locked=True))
    return {one.raw_key: one.forced for one in found}


def _unmark(connection: Connection, dataset: str, keys: Sequence[str]) -> None:
    dirty = engine_tables(connection.dialect.name).dirty
    connection.execute(delete(dirty).where(dirty.c.dataset == dataset, dirty.c.raw_key.in_(keys)))
