"""Changes that cannot be published, and the marks that wait with them, as SQL says it; used wherever either are
read."""

from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, exists, or_, select

from services.engine.capture.outbox import HELD, SETTLING
from services.engine.capture.tables import EVERY_KEY, engine_tables

#: Why a change is parked that is at no fault itself; `gathering` puts a mark in its place.
BEHIND, NOT_OFFERED = "an earlier change of this record is parked", "the dataset is no longer offered here"


def is_fault(because: ColumnElement[Any]) -> ColumnElement[bool]:
    """Whether a change is set aside because it cannot be published. Not "neither held nor settling", so that an index
    passes over a million held ones."""
    return or_(because < HELD, and_(because > HELD, because < SETTLING), because > SETTLING)


def workable(dialect: str, dataset: str) -> ColumnElement[bool]:
    """Whether a mark is one on a single record that can be read again. Where a change of the record cannot be published
    a later one cannot either, and its mark waits for the same person."""
    tables = engine_tables(dialect)
    mark, row = tables.dirty.c, tables.outbox.c
    same = (row.dataset == mark.dataset, row.raw_key == mark.raw_key)
    # Looked up for each mark: as a join, it may be planned as a walk over all that waits.
    stuck = select(row.id).where(*same, row.sent_at.is_(None), is_fault(row.parked_because)).limit(1)
    return and_(
        mark.dataset == dataset,
        mark.raw_key != EVERY_KEY,
        stuck.correlate(tables.dirty).scalar_subquery().is_(None),
    )


def any_workable(connection: Connection, dataset: str) -> bool:
    """Whether a mark is left that can be worked off."""
    one = exists().select_from(engine_tables(connection.dialect.name).dirty)
    return bool(
        connection.execute(select(one.where(workable(connection.dialect.name, dataset)))).scalar_one()
    )
