"""The outbox as the relay works on it: what waits, its numbers, what was sent; one short function a transaction."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import orjson
from sqlalchemy import (
    BigInteger,
    Connection,
    Integer,
    RowMapping,
    Select,
    Text,
    Update,
    and_,
    bindparam,
    delete,
    exists,
    func,
    or_,
    select,
    text,
    true,
    update,
)

from services.engine.capture import clock, state
from services.engine.capture.dialect import Dialect
from services.engine.capture.given import bound, given
from services.engine.capture.tables import DELETED, OUTBOX_CEILING, engine_tables
from services.engine.capture.told import Digests, Record

#: State by dataset: the last number of its feed.
_LAST_NUMBER = "sequence."

#: Why a change is set aside that is no fault: a delete that waits for its record to come again, and one of so many
#: that a person must let them go.
SETTLING, HELD = "settling", "held"


class WentBack(Exception):
    """The database has forgotten a number that we gave: it was restored, or another took over that lacked the end."""


@dataclass(frozen=True, slots=True)
class Change:
    """One outbox row. `op` is one of the letters of `tables`; `new` is capture JSON, or a control record.

    `labels` are the channels that its events go to, once it is numbered; `digests` what audiences were last told of
    its record. `behind`: an earlier change of the same record is parked. `overtaken`: a later one makes it needless to
    tell, of the same transaction, or of any after a delete. `relieves`: earlier deletes of the record are set aside.
    `name`: the record id that its record has; None: none yet.
    """

    id: int
    dataset: str
    raw_key: str
    epoch: int
    version: int
    op: str
    new: str | None
    at: str
    sequence: int | None
    labels: tuple[str, ...] = ()
    digests: Digests | None = None
    behind: bool = False
    overtaken: bool = False
    relieves: bool = False
    name: str | None = None

    @property
    def record(self) -> Record:
        return self.dataset, self.raw_key


def waiting(connection: Connection, limit: int) -> list[Change]:
    """Every visible row that is neither sent nor set aside, by id.

    Ids are drawn before commit, so rows become visible out of their order, and no last id can say what was seen: only
    the mark on each row can. Per record the ids are in order, since a trigger locks the record row first.
    """
    found = connection.execute(_waiting(connection.dialect.name), {"most": limit})
    return [_change(one) for one in found.mappings()]


def number(
    connection: Connection, changes: Sequence[tuple[Change, Sequence[str]]], given: Mapping[str, int]
) -> dict[int, int]:
    """Give changes, in their order, the next numbers of their datasets' feeds, and keep what they turned out to be, and
    the labels of the channels that their events go to; the numbers by id. `given` are the last numbers as far as the
    caller knows; raises WentBack.

    Without gaps and in the order first seen, because one relay alone does this; kept before anything is sent, so that
    a retry has the same bytes.
    """
    last = {dataset: last_number(connection, dataset) for dataset in {one.dataset for one, _ in changes}}
    if any(number < given.get(dataset, 0) for dataset, number in last.items()):
        raise WentBack
    numbers: dict[int, int] = {}
    for one, _ in changes:
        last[one.dataset] += 1
        numbers[one.id] = last[one.dataset]
    if changes:
        rows = [
            {"id": one.id, "op": one.op, "number": numbers[one.id], "told": " ".join(labels)}
            for one, labels in changes
        ]
        connection.execute(_numbering(connection.dialect.name), bound(rows))
    state.put(connection, {_LAST_NUMBER + dataset: str(number) for dataset, number in last.items()})
    return numbers


def last_number(connection: Connection, dataset: str) -> int:
    """The last number of a dataset's feed; 0 before the first."""
    return int(state.get(connection, _LAST_NUMBER + dataset) or 0)


def go_on_from(connection: Connection, dataset: str, number: int) -> None:
    """Let the feed's next number be above this one, where it is not yet."""
    if number > last_number(connection, dataset):
        state.put(connection, {_LAST_NUMBER + dataset: str(number)})


def park(connection: Connection, reasons: Mapping[int, str]) -> None:
    """Set changes aside, with a reason that holds no value; they keep their number."""
    if reasons:
        rows = [{"of_id": one, "because": reason} for one, reason in reasons.items()]
        connection.execute(_parking(connection.dialect.name), rows)


def mark_sent(connection: Connection, ids: Sequence[int], limit: int) -> None:
    """All messages of these changes were acknowledged, or there were none. Moves the ceiling of the outbox on."""
    if ids:
        connection.execute(_marking(connection.dialect.name), bound([{"id": one} for one in ids]))
        _raise_ceiling(connection, max(ids) + limit, limit)


def send_again(connection: Connection, dataset: str, before: int | None, limit: int) -> int | None:
    """Forget that at most `limit` of the dataset's kept changes were sent, the newest before an outbox id (None: of
    all), so that they are sent again in their order; the oldest of them, None when none is left. What had nothing to
    tell has not now either: only numbered changes go.

    From the newest on: wherever it is broken off, what came after a change that counts as unsent counts as unsent too.
    So whoever goes on then takes no old message for one that is only early, unless all that follows goes again.
    """
    row = engine_tables(connection.dialect.name).outbox.c
    sent = (row.dataset == dataset, row.sent_at.is_not(None), row.sequence.is_not(None))
    kept = select(row.id).where(*sent, true() if before is None else row.id < before)
    ids = connection.execute(kept.order_by(row.id.desc()).limit(limit)).scalars().all()
    if ids:
        connection.execute(_forgetting(connection.dialect.name), bound([{"id": one} for one in ids]))
    return ids[-1] if len(ids) == limit else None


def unsent_numbers(connection: Connection, dataset: str) -> set[int]:
    """Numbers of the dataset's changes that may have reached the broker without our knowing."""
    row = engine_tables(connection.dialect.name).outbox.c
    begun = select(row.sequence).where(
        row.dataset == dataset, row.sequence.is_not(None), row.sent_at.is_(None), row.parked_because.is_(None)
    )
    return set(connection.execute(begun).scalars())


def newest_unsent(connection: Connection, dataset: str, keys: Sequence[str]) -> dict[str, str | None]:
    """What the newest unsent change of each record says, set aside or not: capture JSON, or None of a delete."""
    row = engine_tables(connection.dialect.name).outbox.c
    unsent = select(row.raw_key, row.new).where(
        row.dataset == dataset, row.raw_key.in_(keys), row.sent_at.is_(None)
    )
    return {one.raw_key: one.new for one in connection.execute(unsent.order_by(row.id))}


def few_wait(connection: Connection, dialect: Dialect, most: int) -> bool:
    """Whether the outbox takes whole changes, and no more than so many wait to be sent."""
    row = engine_tables(connection.dialect.name).outbox.c
    waiting = select(row.id).where(row.sent_at.is_(None), row.parked_because.is_(None)).limit(most + 1)
    counted = select(func.count()).select_from(waiting.subquery())
    return has_room(connection, dialect) and connection.execute(counted).scalar_one() <= most


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
    ceiling = str((newest if oldest is None else oldest) + limit)
    if ceiling != state.get(connection, OUTBOX_CEILING):
        state.put(connection, {OUTBOX_CEILING: ceiling})


def _raise_ceiling(connection: Connection, ceiling: int, limit: int) -> None:
    """In steps of a sixteenth of the limit: writers read this row with every change, so it should seldom move."""
    known = int(state.get(connection, OUTBOX_CEILING) or 0)
    if ceiling - known > limit // 16:
        state.put(connection, {OUTBOX_CEILING: str(ceiling)})


def _change(row: RowMapping) -> Change:
    said = dict(row)
    said["labels"] = tuple((said["labels"] or "").split())
    said["digests"] = orjson.loads(said["digests"]) if said["digests"] else None
    return Change(**said)


# Statements of every round are put together once.


@cache
def _waiting(dialect: str) -> Select[Any]:
    tables = engine_tables(dialect)
    row, told = tables.outbox.c, tables.told.c
    columns = (row.id, row.dataset, row.raw_key, row.epoch, row.version, row.op, row.new, row.at)
    others = tables.outbox.alias("others")
    same = and_(others.c.dataset == row.dataset, others.c.raw_key == row.raw_key, others.c.sent_at.is_(None))
    aside = others.c.parked_because.in_((SETTLING, HELD))
    behind = exists().where(same, others.c.id < row.id, others.c.parked_because.is_not(None), ~aside)
    later = exists().where(same, others.c.id > row.id, or_(row.op == DELETED, others.c.tx == row.tx))
    mark = tables.dirty.c
    marked = exists().where(mark.dataset == row.dataset, mark.raw_key == row.raw_key)
    overtaken = and_(row.sequence.is_(None), or_(later, and_(row.op == DELETED, marked)))
    relieves = exists().where(same, others.c.id < row.id, aside)
    known = (told.dataset == row.dataset) & (told.raw_key == row.raw_key)
    record = tables.record.c
    mine = (record.dataset == row.dataset) & (record.raw_key == row.raw_key)
    flags = {
        "behind": behind,
        "overtaken": overtaken,
        "relieves": relieves,
    }
    waiting = select(
        *columns,
        row.sequence,
        row.told.label("labels"),
        told.digests,
        record.pseudonym.label("name"),
        *(said.label(flag) for flag, said in flags.items()),
    )
    waiting = waiting.select_from(tables.outbox.outerjoin(tables.told, known).outerjoin(tables.record, mine))
    waiting = waiting.where(row.sent_at.is_(None), row.parked_because.is_(None))
    return waiting.order_by(row.id).limit(bindparam("most", type_=Integer))


@cache
def _numbering(dialect: str) -> Update:
    numbers = given(dialect, id=BigInteger(), op=Text(), number=BigInteger(), told=Text())
    outbox, said = engine_tables(dialect).outbox, numbers.c
    numbered = update(outbox).where(outbox.c.id == said.id)
    return numbered.values(op=said.op, sequence=said.number, told=said.told)


@cache
def _parking(dialect: str) -> Update:
    outbox = engine_tables(dialect).outbox
    return update(outbox).where(outbox.c.id == bindparam("of_id")).values(parked_because=bindparam("because"))


@cache
def _marking(dialect: str) -> Update:
    outbox, said = engine_tables(dialect).outbox, given(dialect, id=BigInteger()).c
    return update(outbox).where(outbox.c.id == said.id).values(sent_at=clock.seconds(dialect))


@cache
def _forgetting(dialect: str) -> Update:
    outbox, said = engine_tables(dialect).outbox, given(dialect, id=BigInteger()).c
    return update(outbox).where(outbox.c.id == said.id).values(sent_at=None)
