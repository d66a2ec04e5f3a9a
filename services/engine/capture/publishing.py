"""The two transactions of a publishing round, before and after the broker has its messages; run by the relay under its
lease."""

from collections.abc import Iterable, Mapping, Sequence

from sqlalchemy import Connection

from services.engine.capture import outbox, record, state
from services.engine.capture.outbox import Change
from services.engine.capture.record import Name


def make_ready(
    connection: Connection, numbered: Sequence[Change], names: Sequence[Name], parked: Mapping[int, str]
) -> dict[int, int]:
    """Number changes, name the records of changes, and park changes; the numbers by the change's id.

    A record that a writer holds is named later: never do we wait for a writer here, who may be waiting for us.
    """
    outbox.park(connection, parked)
    for dataset in {one.dataset for one in names}:
        mine = [one for one in names if one.dataset == dataset]
        free = record.locked(connection, dataset, list({one.raw_key for one in mine}))
        record.name(connection, [one for one in mine if one.raw_key in free])
    return outbox.number(connection, numbered)


def settle(
    connection: Connection,
    sent: Sequence[int],
    parked: Mapping[int, str],
    facts: Mapping[str, str],
    lost: Iterable[str],
    limit: int,
) -> None:
    """Mark changes sent, park those that the broker refused, keep what the broker acknowledged; and have the kept
    changes of datasets that lost something sent again."""
    outbox.mark_sent(connection, sent, limit)
    outbox.park(connection, parked)
    state.put(connection, facts)
    for dataset in lost:
        outbox.send_again(connection, dataset)
