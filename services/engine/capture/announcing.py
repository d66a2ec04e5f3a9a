"""Control records of changes that cannot be published, kept in step with the outbox, however such a change came to wait
and whatever became of it; run by the relay."""

from collections.abc import Sequence
from functools import cache
from typing import Any

import orjson
from sqlalchemy import Connection, Select, bindparam, exists, select

from schemas.wire.control import PARKED, ParkedChange
from services.engine.capture import state, telling
from services.engine.capture.faults import is_fault
from services.engine.capture.tables import engine_tables

#: State by dataset: what subscribers were told that waits, by outbox id.
_ANNOUNCED = "parked."
#: No more changes of a dataset are announced at a time: a topic is no place for a million faults of one cause.
_MOST = 100

Waiting = dict[str, ParkedChange]


def outdated(connection: Connection, datasets: Sequence[str]) -> list[str]:
    """The datasets of which something else waits than subscribers were told."""
    told = state.get_all(connection, [_ANNOUNCED + one for one in datasets])
    return [
        one
        for one in datasets
        if orjson.loads(told.get(_ANNOUNCED + one, "[]")) != [*_waiting(connection, one)]
    ]


def announce(connection: Connection, dataset: str, majors: Sequence[int]) -> None:
    """Have subscribers told what waits, and what does no longer, on the control topics of some majors."""
    before = orjson.loads(state.get(connection, _ANNOUNCED + dataset) or "[]")
    now = _waiting(connection, dataset)
    state.put(connection, {_ANNOUNCED + dataset: orjson.dumps([*now]).decode()})
    for major in majors:
        for number in before:
            if number not in now:
                telling.control(connection, dataset, major, f"{PARKED}/{number}", None)
        for number, change in now.items():
            if number not in before:
                telling.control(connection, dataset, major, f"{PARKED}/{number}", change.model_dump())


def _waiting(connection: Connection, dataset: str) -> Waiting:
    """The oldest changes that cannot be published, by outbox id; those behind another of their record go with it."""
    found = connection.execute(_faults(connection.dialect.name), {"of_dataset": dataset})
    return {str(one.id): ParkedChange(reason=one.parked_because, since=one.at) for one in found}


@cache
def _faults(dialect: str) -> Select[Any]:
    outbox = engine_tables(dialect).outbox
    row, first = outbox.c, outbox.alias("first").c
    behind = exists().where(
        first.dataset == row.dataset,
        first.raw_key == row.raw_key,
        first.sent_at.is_(None),
        first.id < row.id,
        is_fault(first.parked_because),
    )
    faults = select(row.id, row.parked_because, row.at).where(
        is_fault(row.parked_because), row.dataset == bindparam("of_dataset"), ~behind
    )
    return faults.order_by(row.id).limit(_MOST)
