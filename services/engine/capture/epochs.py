"""Epochs: the runs of versions of a node's records. A new one begins where versions may have gone back; called by the
relay, by a restore and by mending."""

from collections.abc import Mapping, Sequence

from sqlalchemy import Connection

from schemas.wire.control import EPOCH_BEGAN, EpochBegan
from services.engine.capture import outbox, reconciling, snapshot, state, telling
from services.engine.capture.tables import EPOCH


def begin(
    connection: Connection,
    majors: Mapping[str, Sequence[int]],
    reason: str,
    ahead: Mapping[str, int],
    facts: Mapping[str, str],
    above: int = 0,
) -> None:
    """Begin the next epoch: subscribers are told, and every record is told anew. `majors` by dataset; `ahead` are
    numbers that feeds have reached without our knowing; `facts` replace what was known of topics; `above` is the
    highest epoch that these have seen, which the database may have forgotten."""
    state.put(connection, {EPOCH: str(max(telling.epoch(connection), above) + 1), **facts})
    for dataset, served in majors.items():
        outbox.go_on_from(connection, dataset, ahead.get(dataset, 0))
        for major in served:
            telling.control(connection, dataset, major, EPOCH_BEGAN, EpochBegan(reason=reason).model_dump())
        snapshot.want(connection, dataset, reason)
        reconciling.want(connection, dataset, reconciling.MEND)
