"""Outbox rows that the engine writes by itself, as a trigger would: a record as it was read, a record that is to be
retracted, and control records; used by re-reading, snapshot, reconciliation and epochs."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import orjson
from sqlalchemy import Connection, bindparam, func, insert, select, update

from services.engine.capture import clock, state
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
    tables, dialect = engine_tables(connection.dialect.name), connection.dialect.name
    known = tables.record.c
    larger = func.max if dialect == SQLITE else func.greatest
    mine = (known.dataset == dataset) & (known.raw_key == bindparam("of_key"))
    counted = (
        update(tables.record)
        .where(mine)
        .values(
            epoch=larger(known.epoch, epoch(connection)),
            version=known.version + 1,
            deleted=bindparam("is_gone"),
        )
    )
    connection.execute(counted, [{"of_key": one.raw_key, "is_gone": one.row is None} for one in told])
    stands = select(known.raw_key, known.epoch, known.version).where(
        known.dataset == dataset, known.raw_key.in_([one.raw_key for one in told])
    )
    orders = {one.raw_key: {"epoch": one.epoch, "version": one.version} for one in connection.execute(stands)}
    rows = [
        {"raw_key": one.raw_key, "op": one.op, "new": one.row, "parked_because": aside, **orders[one.raw_key]}
        for one in told
    ]
    fresh = insert(tables.outbox).values(dataset=dataset, at=clock.now(dialect))
    connection.execute(fresh, rows)


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
