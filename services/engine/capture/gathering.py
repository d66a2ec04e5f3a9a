"""Changes that nobody will tell for now, however many there are: of a record behind one that cannot be published, or of
a dataset that is offered no more. A mark on the record stands for all of them; run by the relay."""

from collections.abc import Collection, Sequence

from sqlalchemy import ColumnElement, Connection, and_, select, update

from services.engine.capture import clock, dirty, record
from services.engine.capture.faults import BEHIND, NOT_OFFERED
from services.engine.capture.tables import CONTROL, RETRACTED, engine_tables


def any_to_gather(connection: Connection) -> bool:
    """Whether there is such a change."""
    one = select(engine_tables(connection.dialect.name).outbox.c.id).where(_to_gather(connection)).limit(1)
    return connection.execute(one).scalar() is not None


def gather(connection: Connection, limit: int) -> int:
    """Put forced marks in place of at most `limit` such changes; of how many.

    A record that a writer holds keeps its changes for the next time: he may be waiting for us. Where a forced mark
    stands no row of a writer's is touched: should it be worked off at this moment, the record is read after any change
    that we see.
    """
    row = engine_tables(connection.dialect.name).outbox.c
    some = select(row.id, row.dataset, row.raw_key).where(_to_gather(connection)).limit(limit)
    found = connection.execute(some).all()
    marked: set[tuple[str, str]] = set()
    for dataset in {one.dataset for one in found}:
        keys = {one.raw_key for one in found if one.dataset == dataset}
        marked |= {(dataset, key) for key in _marked(connection, dataset, keys)}
    return give_up(connection, [one.id for one in found if (one.dataset, one.raw_key) in marked])


def give_up(connection: Connection, ids: Sequence[int]) -> int:
    """Count changes as sent that never are; how many. Without their numbers they are not sent again either, when all
    that was lately sent is."""
    outbox = engine_tables(connection.dialect.name).outbox
    at = clock.seconds(connection.dialect.name)
    gone = update(outbox).where(outbox.c.id.in_(ids)).values(sent_at=at, parked_because=None, sequence=None)
    return connection.execute(gone).rowcount


def _to_gather(connection: Connection) -> ColumnElement[bool]:
    row = engine_tables(connection.dialect.name).outbox.c
    return and_(row.parked_because.in_((BEHIND, NOT_OFFERED)), row.op.not_in((RETRACTED, CONTROL)))


def _marked(connection: Connection, dataset: str, keys: Collection[str]) -> set[str]:
    """Those of the records that bear a forced mark now."""
    mark = engine_tables(connection.dialect.name).dirty.c
    forced = select(mark.raw_key).where(mark.dataset == dataset, mark.raw_key.in_(keys), mark.forced)
    stand = set(connection.execute(forced).scalars())
    free = record.locked(connection, dataset, [key for key in keys if key not in stand])
    dirty.mark(connection, dataset, list(free), forced=True)
    return stand | free.keys()
