"""Putting capture in place beside a department's tables, and taking it away; called when a service starts and by
`langqiao department attach`."""

import asyncio
import hashlib
import logging
from collections.abc import Collection, Iterable
from time import monotonic
from typing import ParamSpec, TypeVar

from sqlalchemy import Connection, delete, inspect, select, union

from services.engine.capture import incarnation, outbox, reconciling, record, snapshot, state
from services.engine.capture.captured import Captured, captures
from services.engine.capture.database import Database, DatabaseAway, DatabaseRefuses, Work
from services.engine.capture.dialect import Dialect
from services.engine.capture.migrating import migrate
from services.engine.capture.status import in_place
from services.engine.capture.tables import EPOCH, engine_tables
from services.engine.mapping.model import Mapping

P = ParamSpec("P")
R = TypeVar("R")

_log = logging.getLogger("langqiao.engine")

#: Existing rows that get their record row in one short transaction.
_CHUNK = 1_000
#: How long we try again where the department's programs hold a lock, and the pause between, in seconds.
_PERSISTENCE, _PAUSE = 60.0, 0.2

#: State by dataset: the digest of the triggers in place; that every row which stood before them has its record row.
_IN_PLACE = "capture."
_RECORDED = "recorded."


class CannotAttach(Exception):
    """The department's table is not as its mapping says, or the database gives us no right; says which and what."""


async def attach(database: Database, mappings: Iterable[Mapping], *, outbox_limit: int) -> None:
    """Make the engine's tables, put the triggers in place, and give every existing row its record row.

    May be called at every start, by several processes, while the department's programs write; what is in place stays
    untouched. Where triggers had gone missing, changes may have been missed too: every record of the dataset is marked
    to be read again. Raises CannotAttach, or DatabaseAway after a minute of trying.
    """
    dialect = database.dialect
    await _patiently(database, _lay_tables, dialect, outbox_limit)
    for captured in captures(mappings):
        await _patiently(database, _put_in_place, dialect, captured)
        await _record_existing(database, captured)


async def detach(database: Database, mappings: Iterable[Mapping]) -> None:
    """Take triggers and functions away; the engine's tables stay, with what was not yet sent."""
    for captured in captures(mappings):
        await _patiently(database, _take_away, database.dialect, captured)


async def forget_others(database: Database, mappings: Iterable[Mapping]) -> None:
    """Take capture away from datasets that are mapped no more, and forget what waits of them, for nobody will tell it;
    `mappings` are all that the department has. One that comes back is told whole, and then compared with its topics.

    Tried once: whoever works on such a table is not kept waiting for this, and the next start tries again.
    """
    mapped = {one.contract.dataset for one in mappings}
    for dataset in sorted(await database.read(_known, mapped)):
        try:
            await database.write(_take_away, database.dialect, Captured(dataset, "", (), ()))
            while await database.write(_forget_some, dataset, _CHUNK) == _CHUNK:
                pass
            await database.write(_forget, dataset)
            _log.warning("%s is offered no more, and no longer captured", dataset)
        except DatabaseAway as fault:
            _log.warning("%s is offered no more, and captured until the next start (%s)", dataset, fault)


async def was_in_place(database: Database, dataset: str) -> bool:
    """Whether capture has ever stood on the dataset's table, which then fitted its mapping."""
    return await database.read(state.get, _IN_PLACE + dataset) is not None


def _lay_tables(connection: Connection, dialect: Dialect, outbox_limit: int) -> None:
    for statement in dialect.alone:
        connection.exec_driver_sql(statement)
    migrate(connection)
    if state.get(connection, EPOCH) is None:
        state.put(connection, {EPOCH: "1"})
    # Now, so that a backup made before a relay has run is of this database too.
    incarnation.own(connection)
    outbox.set_ceiling(connection, dialect, outbox_limit)


def _put_in_place(connection: Connection, dialect: Dialect, captured: Captured) -> None:
    _check(connection, captured)
    statements = dialect.create_capture(captured)
    digest = hashlib.sha256("\0".join(statements).encode()).hexdigest()
    before = state.get(connection, _IN_PLACE + captured.dataset)
    whole = in_place(connection, dialect, captured)
    if whole and digest == before:
        return
    for statement in statements:
        connection.exec_driver_sql(statement)
    state.put(connection, {_IN_PLACE + captured.dataset: digest})
    if before is None:
        snapshot.want(connection, captured.dataset, "capture was put in place", forced=False)
    elif not whole:
        snapshot.want(connection, captured.dataset, "capture had a gap", forced=False)


def _known(connection: Connection, mapped: Collection[str]) -> set[str]:
    """Datasets that are captured, or of which something waits, all but the mapped ones."""
    tables = engine_tables(connection.dialect.name)
    name = tables.state.c.name
    captured = connection.execute(select(name).where(name.startswith(_IN_PLACE, autoescape=True))).scalars()
    unsent = select(tables.outbox.c.dataset).where(tables.outbox.c.sent_at.is_(None))
    waiting = connection.execute(union(unsent, select(tables.dirty.c.dataset))).scalars()
    return {one.removeprefix(_IN_PLACE) for one in captured}.union(waiting).difference(mapped)


def _forget_some(connection: Connection, dataset: str, limit: int) -> int:
    """At most `limit` changes, and as many marks; the larger number of both."""
    tables = engine_tables(connection.dialect.name)
    row, mark = tables.outbox.c, tables.dirty.c
    unsent = select(row.id).where(row.dataset == dataset, row.sent_at.is_(None)).limit(limit)
    marked = select(mark.raw_key).where(mark.dataset == dataset).limit(limit)
    changes = connection.execute(delete(tables.outbox).where(row.id.in_(unsent))).rowcount
    marks = connection.execute(
        delete(tables.dirty).where(mark.dataset == dataset, mark.raw_key.in_(marked))
    ).rowcount
    return max(changes, marks)


def _forget(connection: Connection, dataset: str) -> None:
    """Some of its changes may have had their numbers, and count as told: only a walk that is forced tells them."""
    state.forget(connection, [_IN_PLACE + dataset, _RECORDED + dataset])
    snapshot.want(connection, dataset, "it is offered again")
    reconciling.want(connection, dataset, reconciling.MEND)


def _check(connection: Connection, captured: Captured) -> None:
    """A trigger over a missing column would fail the department's writers, so it must not come to that."""
    inspector = inspect(connection)
    if not inspector.has_table(captured.table):
        raise CannotAttach(f"{captured.dataset}: there is no table {captured.table}")
    present = {column["name"] for column in inspector.get_columns(captured.table)}
    missing = [column for column in captured.columns if column not in present]
    if missing:
        raise CannotAttach(
            f"{captured.dataset}: the table {captured.table} has no column {', '.join(missing)}"
        )


async def _record_existing(database: Database, captured: Captured) -> None:
    """Chunk by chunk in key order. The triggers stand already, so whoever writes meanwhile makes the record row
    himself, and ours gives way to it."""
    dialect, recorded = database.dialect, _RECORDED + captured.dataset
    if await database.read(state.get, recorded) is not None:
        return
    after: str | None = None
    while True:
        after = await _patiently(database, _record_chunk, dialect, captured, after)
        if after is None:
            break
    await database.write(state.put, {recorded: "all"})


def _record_chunk(
    connection: Connection, dialect: Dialect, captured: Captured, after: str | None
) -> str | None:
    """The last key recorded; None when the table's end is reached."""
    keys = record.keys_after(connection, dialect, captured, after, _CHUNK)
    record.ensure(connection, captured.dataset, keys, deleted=False)
    return keys[-1] if len(keys) == _CHUNK else None


def _take_away(connection: Connection, dialect: Dialect, captured: Captured) -> None:
    for statement in dialect.drop_capture(captured):
        connection.exec_driver_sql(statement)


async def _patiently(database: Database, work: Work[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    """Run `work`, giving way to whoever holds a lock, and trying again."""
    deadline = monotonic() + _PERSISTENCE
    while True:
        try:
            return await database.write(work, *args, **kwargs)
        except DatabaseRefuses as fault:
            raise CannotAttach(f"the database refuses: {fault}") from fault
        except DatabaseAway:
            if monotonic() > deadline:
                raise
        await asyncio.sleep(_PAUSE)
