"""The outbox as the relay works on it: what waits, its numbers, what was sent; one short function a transaction."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from sqlalchemy import (
    Connection,
    Integer,
    Select,
    Update,
    bindparam,
    delete,
    exists,
    func,
    or_,
    select,
    text,
    update,
)

from services.engine.capture import clock, state
from services.engine.capture.dialect import Dialect
from services.engine.capture.tables import OUTBOX_CEILING, engine_tables

#: State by dataset: the last number of its feed.
_LAST_NUMBER = "sequence."


@dataclass(frozen=True, slots=True)
class Change:
    """One outbox row. `op` is one of the letters of `tables`; `old` and `new` are capture JSON. `behind` says that
    an earlier change of the same record is parked."""

    id: int
    dataset: str
    raw_key: str
    epoch: int
    version: int
    op: str
    old: str | None
    new: str | None
    at: str
    sequence: int | None
    behind: bool


def waiting(connection: Connection, limit: int) -> list[Change]:
    """Every visible row that is neither sent nor parked, by id.

    Ids are drawn before commit, so rows become visible out of their order, and no last id can say what was seen: only
    the mark on each row can. Per record the ids are in order, since a trigger locks the record row first.
    """
    return [Change(*one) for one in connection.execute(_waiting(connection.dialect.name), {"most": limit})]


def number(connection: Connection, changes: Sequence[Change]) -> dict[int, int]:
    """Give changes, in their order, the next numbers of their datasets' feeds; by id.

    Without gaps and in the order first seen, because one relay alone does this; kept before anything is sent, so that
    a retry has the same bytes.
    """
    last = {dataset: _last_number(connection, dataset) for dataset in {one.dataset for one in changes}}
    numbers: dict[int, int] = {}
    for one in changes:
        last[one.dataset] += 1
        numbers[one.id] = last[one.dataset]
    _set(connection, "sequence", numbers)
    state.put(connection, {_LAST_NUMBER + dataset: str(number) for dataset, number in last.items()})
    return numbers


def park(connection: Connection, reasons: Mapping[int, str]) -> None:
    """Set changes aside, with a reason that holds no value; they keep their number."""
    _set(connection, "parked_because", reasons)


def mark_sent(connection: Connection, ids: Sequence[int], limit: int) -> None:
    """All messages of these changes were acknowledged. Moves the ceiling of the outbox on."""
    if ids:
        connection.execute(_marking(connection.dialect.name), [{"of_id": one} for one in ids])
        _raise_ceiling(connection, max(ids) + limit, limit)


def send_again(connection: Connection, dataset: str) -> int:
    """Forget that the dataset's kept changes were sent, so that they are sent again in their order; how many."""
    outbox = engine_tables(connection.dialect.name).outbox
    kept = update(outbox).where(outbox.c.dataset == dataset, outbox.c.sent_at.is_not(None))
    return connection.execute(kept.values(sent_at=None)).rowcount


def unsent_numbers(connection: Connection, dataset: str) -> set[int]:
    """Numbers of the dataset's changes that may have reached the broker without our knowing."""
    row = engine_tables(connection.dialect.name).outbox.c
    begun = select(row.sequence).where(
        row.dataset == dataset, row.sequence.is_not(None), row.sent_at.is_(None), row.parked_because.is_(None)
    )
    return set(connection.execute(begun).scalars())


def prune(connection: Connection, dialect: Dialect, keep_seconds: float, keep_rows: int, limit: int) -> int:
    """Delete at most `limit` sent changes that are older than `keep_seconds`, or beyond `keep_rows`; how many."""
    outbox = engine_tables(connection.dialect.name).outbox
    row = outbox.c
    newest: int = connection.execute(text(dialect.last_id)).scalar_one()
    old = or_(
        row.sent_at < clock.seconds(connection.dialect.name) - keep_seconds, row.id <= newest - keep_rows
    )
    drained = select(row.id).where(row.sent_at.is_not(None), old).order_by(row.id).limit(limit)
    return connection.execute(delete(outbox).where(row.id.in_(drained))).rowcount


def has_room(connection: Connection, dialect: Dialect) -> bool:
    """Whether the outbox takes whole changes, as the triggers see it."""
    newest: int = connection.execute(text(dialect.last_id)).scalar_one()
    return newest < int(state.get(connection, OUTBOX_CEILING) or 0)


def set_ceiling(connection: Connection, dialect: Dialect, limit: int) -> None:
    """The ceiling where it belongs for a limit: that far above the oldest unsent change."""
    row = engine_tables(connection.dialect.name).outbox.c
    unsent = select(func.min(row.id)).where(row.sent_at.is_(None), row.parked_because.is_(None))
    oldest: int | None = connection.execute(unsent).scalar()
    newest: int = connection.execute(text(dialect.last_id)).scalar_one()
    state.put(connection, {OUTBOX_CEILING: str((newest if oldest is None else oldest) + limit)})


def _raise_ceiling(connection: Connection, ceiling: int, limit: int) -> None:
    """In steps of a sixteenth of the limit: writers read this row with every change, so it should seldom move."""
    known = int(state.get(connection, OUTBOX_CEILING) or 0)
    if ceiling - known > limit // 16:
        state.put(connection, {OUTBOX_CEILING: str(ceiling)})


def _last_number(connection: Connection, dataset: str) -> int:
    return int(state.get(connection, _LAST_NUMBER + dataset) or 0)


def _set(connection: Connection, column: str, values: Mapping[int, int] | Mapping[int, str]) -> None:
    if values:
        rows = [{"of_id": one, "to": value} for one, value in values.items()]
        connection.execute(_setting(connection.dialect.name, column), rows)


# Statements of every round are put together once.


@cache
def _waiting(dialect: str) -> Select[Any]:
    outbox = engine_tables(dialect).outbox
    parked = outbox.alias("parked")
    behind = exists().where(
        parked.c.dataset == outbox.c.dataset,
        parked.c.raw_key == outbox.c.raw_key,
        parked.c.parked_because.is_not(None),
    )
    row = outbox.c
    columns = (
        row.id,
        row.dataset,
        row.raw_key,
        row.epoch,
        row.version,
        row.op,
        row.old,
        row.new,
        row.at,
        row.sequence,
    )
    unsent = select(*columns, behind).where(row.sent_at.is_(None), row.parked_because.is_(None))
    return unsent.order_by(row.id).limit(bindparam("most", type_=Integer))


@cache
def _setting(dialect: str, column: str) -> Update:
    outbox = engine_tables(dialect).outbox
    return update(outbox).where(outbox.c.id == bindparam("of_id")).values({column: bindparam("to")})


@cache
def _marking(dialect: str) -> Update:
    outbox = engine_tables(dialect).outbox
    return update(outbox).where(outbox.c.id == bindparam("of_id")).values(sent_at=clock.seconds(dialect))
