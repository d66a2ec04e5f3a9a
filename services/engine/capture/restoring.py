"""A backup loaded again, in place of what a database has or lacks of the engine's own state; called by
`langqiao restore`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice

from sqlalchemy import Connection, Table, column, delete, exists, func, insert, or_, select, table, text

from services.engine.capture import attach, clock, epochs, incarnation, outbox, state, telling
from services.engine.capture.archive import Archive, Manifest
from services.engine.capture.database import Database
from services.engine.capture.dialect import Dialect
from services.engine.capture.keeping import CHUNK, TABLES, CannotKeep, Owner
from services.engine.capture.lease import NAME
from services.engine.capture.migrating import forget_revision, known_revisions, migrate, revision_of
from services.engine.capture.tables import EPOCH, SCHEMA, SQLITE, engine_tables
from services.engine.mapping.model import Mapping as TableMapping

REASON = "a backup of the engine's state was restored"

#: State that says how things stood at the time of the backup, by the beginnings of its names: what the broker had
#: acknowledged, and that every row of a table had its record row.
_OF_ITS_TIME = ("position.", "recorded.")

#: The revision that brought a table, which backups of an earlier one lack.
_SINCE = {"alias": "0003"}

#: Above any number that a relay was given after the backup was made: one that wakes up late must find its lease lost.
_LEAP = 1_000_000


@dataclass(frozen=True, slots=True)
class _Standing:
    """What is not to go back by the restore: epoch, outbox ids, the lease's number, the feeds' numbers by dataset."""

    epoch: int = 0
    last_id: int = 0
    fence: int = 0
    numbers: Mapping[str, int] = field(default_factory=dict)


async def restore(
    database: Database,
    mappings: Sequence[TableMapping],
    archive: Archive,
    owner: Owner,
    *,
    over: bool,
    outbox_limit: int,
) -> int:
    """Load a backup into a database without engine state, or `over` what it has, and begin a new epoch, since the
    department's tables may be of another time than the backup: the relay then tells every record anew, and retracts
    those that are no more. Capture is in place afterwards. The epoch.

    Raises CannotKeep, BadArchive, CannotAttach or DatabaseAway; then the state is as it was.
    """
    archive.check()
    _fit(archive.manifest, owner, database.dialect)
    await database.read(_stand, database.dialect, mappings, over)
    # Without triggers no writer waits while we load; what they write meanwhile is told as all is.
    await attach.detach(database, mappings)
    try:
        return await database.write(_load, database.dialect, mappings, archive, over)
    finally:
        await attach.attach(database, mappings, outbox_limit=outbox_limit)


def _fit(manifest: Manifest, owner: Owner, dialect: Dialect) -> None:
    if manifest.node != owner.node:
        raise CannotKeep(f"the backup is of the node {manifest.node}, and this is {owner.node}")
    if manifest.pseudonym_key not in {owner.pseudonym_key, *owner.other_keys}:
        raise CannotKeep("the pseudonym key here is another than the backup's: record ids would change")
    if manifest.database != dialect.name:
        raise CannotKeep(f"the backup is of {manifest.database}, and the database here is {dialect.name}")
    if manifest.revision not in known_revisions():
        raise CannotKeep(
            f"the backup is of a newer release (revision {manifest.revision}): install that first"
        )


def _stand(
    connection: Connection, dialect: Dialect, mappings: Sequence[TableMapping], over: bool
) -> _Standing:
    """What stands here; CannotKeep where it may not give way."""
    revision = revision_of(connection)
    if revision is None:
        return _Standing()
    if revision not in known_revisions():
        raise CannotKeep(f"the engine's tables here are of a newer release (revision {revision})")
    tables = engine_tables(dialect.name)
    if not over and connection.execute(select(exists(select(tables.record.c.raw_key)))).scalar_one():
        raise CannotKeep("the database holds engine state: say --over to have it replaced")
    held = select(exists().where(tables.lease.c.until > clock.seconds(dialect.name)))
    if connection.execute(held).scalar_one():
        raise CannotKeep("a relay is at work: stop it first, or wait until its lease is over")
    datasets = {one.contract.dataset for one in mappings}
    return _Standing(
        telling.epoch(connection),
        connection.execute(text(dialect.last_id)).scalar_one(),
        connection.execute(select(func.coalesce(func.max(tables.lease.c.fence), 0))).scalar_one(),
        {one: outbox.last_number(connection, one) for one in datasets},
    )


def _load(
    connection: Connection,
    dialect: Dialect,
    mappings: Sequence[TableMapping],
    archive: Archive,
    over: bool,
) -> int:
    """All in one transaction. Tables are laid as they were at the backup's revision, filled, and brought to ours."""
    for statement in dialect.alone:
        connection.exec_driver_sql(statement)
    before, manifest = _stand(connection, dialect, mappings, over), archive.manifest
    tables = engine_tables(dialect.name)
    tables.metadata.drop_all(connection)
    forget_revision(connection)
    migrate(connection, manifest.revision)
    for name in TABLES:
        if manifest.revision < _SINCE.get(name, ""):
            continue
        _fill(connection, getattr(tables, name), archive, name)
    migrate(connection)
    _go_on_from(connection, dialect, max(before.last_id, manifest.last_id))
    fence = max(before.fence, manifest.fence) + _LEAP
    connection.execute(insert(tables.lease).values(name=NAME, holder="", fence=fence, until=0.0))
    old = or_(*(tables.state.c.name.startswith(one, autoescape=True) for one in _OF_ITS_TIME))
    connection.execute(delete(tables.state).where(old))
    state.put(connection, {EPOCH: str(max(before.epoch, manifest.epoch))})
    # Whoever has written to our topics meanwhile was a stopgap: this is a person's word.
    incarnation.allow_taking_over(connection)
    epochs.begin(connection, _majors(mappings), REASON, before.numbers, {})
    return telling.epoch(connection)


def _fill(connection: Connection, into: Table, archive: Archive, name: str) -> None:
    """By the columns that the backup names, which may be those of an older release."""
    columns = archive.columns(name)
    fresh = insert(table(into.name, *map(column, columns), schema=into.schema))
    rows = archive.rows(name)
    while some := [dict(zip(columns, row, strict=True)) for row in islice(rows, CHUNK)]:
        connection.execute(fresh, some)


def _go_on_from(connection: Connection, dialect: Dialect, last_id: int) -> None:
    """Let the next outbox row's id be above the last one of either time: the ids of control events are made of it."""
    if not last_id:
        return
    if dialect.name == SQLITE:
        outbox_table = engine_tables(SQLITE).outbox
        taken = {"dataset": "", "raw_key": "", "epoch": 0, "version": 0, "op": "", "at": ""}
        connection.execute(insert(outbox_table).values(id=last_id, **taken).prefix_with("OR IGNORE"))
        connection.execute(delete(outbox_table).where(outbox_table.c.id == last_id, outbox_table.c.op == ""))
    else:
        connection.execute(text(f"SELECT setval('{SCHEMA}.outbox_id_seq', :last)"), {"last": last_id})


def _majors(mappings: Sequence[TableMapping]) -> dict[str, list[int]]:
    found: dict[str, list[int]] = {}
    for one in mappings:
        found.setdefault(one.contract.dataset, []).append(one.contract.major)
    return found
