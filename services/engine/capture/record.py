"""Record rows: the engine's small row beside each of the department's; kept by attach, re-reading and the relay."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import cache

from sqlalchemy import Connection, Select, Text, Update, bindparam, select, text, update

from services.engine.capture import aliases, state
from services.engine.capture.captured import Captured
from services.engine.capture.dialect import Dialect
from services.engine.capture.given import bound, given
from services.engine.capture.keys import quoted
from services.engine.capture.tables import EPOCH, engine_tables
from services.engine.capture.upsert import insert


@dataclass(frozen=True, slots=True)
class Name:
    """A record's record id, and the others by which it is found while one key follows another."""

    dataset: str
    raw_key: str
    pseudonym: str
    others: tuple[str, ...] = ()


def hold_table(connection: Connection, captured: Captured) -> None:
    """Nobody empties or alters the department's table before we commit.

    To be said before any row of ours is locked where the table is read after: whoever empties it locks it first, and
    then our rows by its trigger, so one of us would be broken off, and it has no mark to set but in that trigger.
    """
    connection.execute(text(f"SELECT 1 FROM {quoted(captured.table)} LIMIT 0"))


def ensure(connection: Connection, dataset: str, keys: Sequence[str], *, deleted: bool) -> None:
    """A record row for each key that has none: of version 1 for a row found in the table; else of version 0, deleted,
    for the next change to count from."""
    record = engine_tables(connection.dialect.name).record
    # Looked up first: ON CONFLICT alone waits for every writer that holds one of the rows.
    known = select(record.c.raw_key).where(record.c.dataset == dataset, record.c.raw_key.in_(keys))
    missing = set(keys).difference(connection.execute(known).scalars())
    if missing:
        epoch = int(state.get(connection, EPOCH) or 1)
        start = {"dataset": dataset, "epoch": epoch, "version": 0 if deleted else 1, "deleted": deleted}
        fresh = insert(connection.dialect.name, record).on_conflict_do_nothing(
            index_elements=["dataset", "raw_key"]
        )
        connection.execute(fresh, [{**start, "raw_key": key} for key in keys if key in missing])


def locked(connection: Connection, dataset: str, keys: Sequence[str]) -> dict[str, bool]:
    """Those of the keys that no writer holds at this moment, locked until we commit, and whether they are deleted.

    We never wait for a writer here: what is left out is dealt with the next time.
    """
    mine = {"of_dataset": dataset, "of_keys": list(keys)}
    return {one.raw_key: one.deleted for one in connection.execute(_locking(connection.dialect.name), mine)}


def nameless(connection: Connection, dataset: str, limit: int) -> Sequence[str]:
    """Raw keys of records that have no record id yet, and that no writer holds; locked."""
    record = engine_tables(connection.dialect.name).record
    unnamed = select(record.c.raw_key).where(record.c.dataset == dataset, record.c.pseudonym.is_(None))
    return connection.execute(unnamed.limit(limit).with_for_update(skip_locked=True)).scalars().all()


def name(connection: Connection, names: Sequence[Name]) -> None:
    """Keep record ids. The rows are locked already, or may wait."""
    if names:
        connection.execute(_naming(connection.dialect.name), bound([asdict(one) for one in names]))
        for dataset in {one.dataset for one in names}:
            others = {other: one.raw_key for one in names if one.dataset == dataset for other in one.others}
            aliases.put(connection, dataset, others)


def keys_after(
    connection: Connection, dialect: Dialect, captured: Captured, after: str | None, limit: int
) -> Sequence[str]:
    """Raw keys of the department's table in key order after one (None: from the first), at most `limit`."""
    bound = {"limit": limit, **(dialect.bind_after(after) if after is not None else {})}
    return connection.execute(text(dialect.keys_after(captured, after is None)), bound).scalars().all()


def rows_now(
    connection: Connection, dialect: Dialect, captured: Captured, keys: Sequence[str]
) -> dict[str, str]:
    """Capture JSON of the department's rows as they stand, by raw key; keys without a row are left out."""
    found = connection.execute(text(dialect.rows(captured)), {"keys": dialect.bind_keys(keys)})
    return {one.raw_key: one.row for one in found}


@cache
def _locking(dialect: str) -> Select[str, bool]:
    record = engine_tables(dialect).record
    mine = select(record.c.raw_key, record.c.deleted).where(
        record.c.dataset == bindparam("of_dataset"),
        record.c.raw_key.in_(bindparam("of_keys", expanding=True)),
    )
    return mine.with_for_update(skip_locked=True)


@cache
def _naming(dialect: str) -> Update:
    record, said = (
        engine_tables(dialect).record,
        given(dialect, dataset=Text(), raw_key=Text(), pseudonym=Text()).c,
    )
    mine = update(record).where(record.c.dataset == said.dataset, record.c.raw_key == said.raw_key)
    return mine.values(pseudonym=said.pseudonym)
