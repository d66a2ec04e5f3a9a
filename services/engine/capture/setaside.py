"""Changes set aside, for the person who looks after them: those that cannot be published, and mass deletes that wait
for a word; used by `langqiao outbox`. Every function of a connection is one short transaction."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    Table,
    and_,
    case,
    func,
    select,
    tuple_,
    update,
)

from services.engine.capture import dirty, gathering, state
from services.engine.capture.database import Database
from services.engine.capture.deletes import RELEASED
from services.engine.capture.faults import is_fault
from services.engine.capture.outbox import HELD
from services.engine.capture.tables import CONTROL, RETRACTED, engine_tables

R = TypeVar("R")

#: Records worked on in one transaction, and deletes let go in one: short, for on SQLite the department's writers wait.
_RECORDS, _DELETES = 200, 1_000

#: Where a walk over records stands: dataset and raw key.
Place = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Parked:
    """One change that could not be published. `record` is its record id, None where there is none (yet); `since` is
    when the change was made, RFC 3339 UTC; `reason` holds no value."""

    id: int
    dataset: str
    record: str | None
    version: str
    since: str
    reason: str


@dataclass(frozen=True, slots=True)
class Held:
    """A dataset with deletes that wait for a person's word; `since` is when the oldest was made, RFC 3339 UTC."""

    dataset: str
    deletes: int
    since: str


@dataclass(frozen=True, slots=True)
class Chosen:
    """Which parked changes are meant: those of the record of one change, those of a dataset, or all."""

    dataset: str | None = None
    id: int | None = None


def parked(connection: Connection, chosen: Chosen, limit: int) -> list[Parked]:
    """At most `limit` changes that cannot be published, by id."""
    outbox = engine_tables(connection.dialect.name).outbox
    query = _described(connection).where(_mean(connection, chosen)).order_by(outbox.c.id).limit(limit)
    return [_parked(*row) for row in connection.execute(query)]


def records(connection: Connection, chosen: Chosen, after: Place | None, limit: int) -> Sequence[Place]:
    """The next records, at most `limit`, that have changes which cannot be published, in the order of their places."""
    outbox = engine_tables(connection.dialect.name).outbox
    place = (outbox.c.dataset, outbox.c.raw_key)
    query = select(*place).where(_mean(connection, chosen)).distinct().order_by(*place).limit(limit)
    if after is not None:
        query = query.where(tuple_(*place) > after)
    return [(row.dataset, row.raw_key) for row in connection.execute(query)]


def retry(connection: Connection, places: Sequence[Place]) -> int:
    """Have the relay try again what waits of these records, all of a record at once and so in its order, and then tell
    them as they stand, where more has come of them since; how many changes."""
    outbox = engine_tables(connection.dialect.name).outbox
    freed = update(outbox).where(is_fault(outbox.c.parked_because), _of(outbox, places))
    return connection.execute(freed.values(parked_because=None)).rowcount


def give_up(connection: Connection, places: Sequence[Place]) -> list[Parked]:
    """Mark as sent what cannot be published of these records, and have their present state told instead; which changes.

    A record's changes are given up together, for what it is now says more than any of them.
    """
    outbox = engine_tables(connection.dialect.name).outbox
    mine = (is_fault(outbox.c.parked_because), _of(outbox, places))
    found = connection.execute(_described(connection).where(*mine).order_by(outbox.c.id)).all()
    of_records = outbox.c.op.not_in((RETRACTED, CONTROL))
    read_again = connection.execute(
        select(outbox.c.dataset, outbox.c.raw_key).where(*mine, of_records).distinct()
    ).all()
    gathering.give_up(connection, [row.id for row in found])
    for dataset in {row.dataset for row in read_again}:
        keys = [row.raw_key for row in read_again if row.dataset == dataset]
        dirty.mark(connection, dataset, keys, forced=True)
    return [_parked(*row) for row in found]


def held(connection: Connection) -> list[Held]:
    """The datasets whose deletes wait for a person's word."""
    row = engine_tables(connection.dialect.name).outbox.c
    query = select(row.dataset, func.count(), func.min(row.at)).where(row.parked_because == HELD)
    return [Held(*one) for one in connection.execute(query.group_by(row.dataset).order_by(row.dataset))]


def allow(connection: Connection, dataset: str) -> int | None:
    """Say that the dataset's held deletes may go, so that the relay holds none of them again; the newest of them, None
    when there is none. To be followed by `release`."""
    row = engine_tables(connection.dialect.name).outbox.c
    newest: int | None = connection.execute(
        select(func.max(row.id)).where(row.parked_because == HELD, row.dataset == dataset)
    ).scalar()
    if newest is not None:
        state.put(connection, {RELEASED + dataset: str(newest)})
    return newest


def release(connection: Connection, dataset: str, newest: int, limit: int) -> int:
    """Let at most `limit` held deletes of the dataset go, the oldest first, up to the newest allowed; how many."""
    outbox = engine_tables(connection.dialect.name).outbox
    row = outbox.c
    some = select(row.id).where(row.parked_because == HELD, row.dataset == dataset, row.id <= newest)
    freed = update(outbox).where(row.id.in_(some.order_by(row.id).limit(limit)))
    return connection.execute(freed.values(parked_because=None)).rowcount


async def each(
    database: Database, chosen: Chosen, work: Callable[[Connection, Sequence[Place]], R]
) -> list[R]:
    """Work on the records that are meant, some in a transaction, each once: what is parked again is not met again."""
    done: list[R] = []
    after: Place | None = None
    while places := await database.read(records, chosen, after, _RECORDS):
        done.append(await database.write(work, places))
        after = places[-1]
    return done


async def let_go(database: Database, dataset: str) -> int:
    """Have the relay tell the dataset's held deletes, and hold none of them again; how many."""
    newest = await database.write(allow, dataset)
    freed = 0
    while newest is not None and (some := await database.write(release, dataset, newest, _DELETES)):
        freed += some
    return freed


def _mean(connection: Connection, chosen: Chosen) -> ColumnElement[bool]:
    outbox = engine_tables(connection.dialect.name).outbox
    tests = [is_fault(outbox.c.parked_because)]
    if chosen.dataset is not None:
        tests.append(outbox.c.dataset == chosen.dataset)
    if chosen.id is not None:
        one = outbox.alias("one")
        named = (one.c.id == chosen.id, is_fault(one.c.parked_because))
        for name in ("dataset", "raw_key"):
            tests.append(outbox.c[name] == select(one.c[name]).where(*named).scalar_subquery())
    return and_(*tests)


def _of(outbox: Table, places: Sequence[Place]) -> ColumnElement[bool]:
    return tuple_(outbox.c.dataset, outbox.c.raw_key).in_(places)


def _described(connection: Connection) -> Select[Any]:
    tables = engine_tables(connection.dialect.name)
    row, record = tables.outbox.c, tables.record.c
    known = and_(record.dataset == row.dataset, record.raw_key == row.raw_key)
    # Only the topic knows a record that is retracted: its raw key is the record id.
    name = case((row.op == RETRACTED, row.raw_key), (row.op != CONTROL, record.pseudonym))
    told = (row.epoch, row.version, row.at, row.parked_because)
    return select(row.id, row.dataset, name, *told).select_from(tables.outbox.outerjoin(tables.record, known))


def _parked(
    number: int, dataset: str, name: str | None, epoch: int, version: int, at: str, reason: str
) -> Parked:
    return Parked(number, dataset, name or None, f"{epoch}.{version}", at, reason)
