"""Outbox rows that the engine writes by itself, as a trigger would: a record as it was read, a record that is to be
retracted, and control records; used by re-reading, snapshot, reconciliation and epochs."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import orjson
from sqlalchemy import (
    Boolean,
    Connection,
    FromClause,
    Insert,
    Integer,
    Text,
    Update,
    bindparam,
    func,
    insert,
    select,
    update,
)

from services.engine.capture import clock, state
from services.engine.capture.given import bound, given
from services.engine.capture.tables import CONTROL, EPOCH, RETRACTED, SQLITE, engine_tables


@dataclass(frozen=True, slots=True)
class Told:
    """A record as it was read: `row` is capture JSON, None when it is gone."""

    raw_key: str
    row: str | None
    op: str


def tell_all(connection: Connection, dataset: str, told: Sequence[Told], *, aside: str | None = None) -> None:
    """Each record's next version in the epoch that runs, then its outbox row; `aside` is why they are set aside until
    somebody lets them go.

    The caller holds the records' rows. A version never has two contents, so what was read is a version of its own.
    """
    if not told:
        return
    dialect = connection.dialect.name
    news = [
        {"place": place, "raw_key": one.raw_key, "gone": one.row is None, "op": one.op, "new": one.row}
        for place, one in enumerate(told)
    ]
    said = {**bound(news), "of_dataset": dataset}
    connection.execute(_counting(dialect), {**said, "epoch_now": epoch(connection)})
    connection.execute(_putting(dialect), {**said, "aside": aside})


@cache
def _counting(dialect: str) -> Update:
    known, said = engine_tables(dialect).record, _given(dialect).c
    larger = func.max if dialect == SQLITE else func.greatest
    mine = (known.c.dataset == bindparam("of_dataset")) & (known.c.raw_key == said.raw_key)
    epoch_now = bindparam("epoch_now", type_=Integer())
    return (
        update(known)
        .where(mine)
        .values(epoch=larger(known.c.epoch, epoch_now), version=known.c.version + 1, deleted=said.gone)
    )


@cache
def _putting(dialect: str) -> Insert:
    tables, said = engine_tables(dialect), _given(dialect).c
    known, aside = tables.record.c, bindparam("aside", type_=Text())
    columns = (
        known.dataset,
        known.raw_key,
        known.epoch,
        known.version,
        said.op,
        said.new,
        clock.now(dialect),
        aside,
    )
    mine = (known.dataset == bindparam("of_dataset")) & (known.raw_key == said.raw_key)
    rows = select(*columns).where(mine).order_by(said.place)
    names = ["dataset", "raw_key", "epoch", "version", "op", "new", "at", "parked_because"]
    return insert(tables.outbox).from_select(names, rows)


def _given(dialect: str) -> FromClause:
    return given(dialect, place=Integer(), raw_key=Text(), gone=Boolean(), op=Text(), new=Text())


def retract(connection: Connection, dataset: str, subject: str, order: tuple[int, int]) -> None:
    """A delete of a record that the department does not know, under an (epoch, version) above the topic's."""
    _put(connection, dataset, subject, order, RETRACTED, None)


def control(connection: Connection, dataset: str, major: int, kind: str, data: dict[str, Any] | None) -> None:
    """A control record for the major's control topic, under a kind that is also its key; None takes it back."""
    _put(connection, dataset, kind, (epoch(connection), 0), CONTROL, said(major, kind, data))


def said(major: int, kind: str, data: dict[str, Any] | None) -> str:
    """A control record as the outbox keeps it."""
    return orjson.dumps({"major": major, "kind": kind, "data": data}).decode()


def epoch(connection: Connection) -> int:
    """The epoch that runs."""
    return int(state.get(connection, EPOCH) or 1)


def _put(
    connection: Connection, dataset: str, raw_key: str, order: tuple[int, int], op: str, new: str | None
) -> None:
    outbox = engine_tables(connection.dialect.name).outbox
    at = clock.now(connection.dialect.name)
    row = {
        "dataset": dataset,
        "raw_key": raw_key,
        "epoch": order[0],
        "version": order[1],
        "op": op,
        "new": new,
    }
    connection.execute(insert(outbox).values(**row, at=at))
