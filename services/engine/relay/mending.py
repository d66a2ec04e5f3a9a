"""Mending what a reconciliation has found: records are told anew as they stand, and those that only a topic knows are
retracted; called by the relay after a new epoch, and by `langqiao reconcile --mend`."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from services.engine.capture import epochs, reconciling, snapshot, telling
from services.engine.capture.database import Database
from services.engine.relay.lease import Lease
from services.engine.relay.reconciled import UNKNOWN, Outcome

#: Records in one transaction: short, since on SQLite the department's writers wait for it.
_CHUNK = 100

Order = tuple[int, int]


class TooManyDeletes(Exception):
    """So many records would be deleted on the topics that a person must say so; says how many."""

    def __init__(self, count: int) -> None:
        self.count = count
        super().__init__(f"{count} records would be deleted on the topics")


@dataclass(frozen=True, slots=True)
class Mended:
    """Records told anew, and records retracted; or that a new epoch began, in which all are told anew."""

    told: int = 0
    retracted: int = 0
    new_epoch: bool = False

    @property
    def anything(self) -> bool:
        return self != Mended()


async def mend(
    found: Outcome,
    majors: Mapping[str, Sequence[int]],
    database: Database,
    writer: Database | Lease,
    most_deletes: int | None,
) -> Mended:
    """Have the relay put right what was found; `majors` are all that the department publishes, by dataset. Raises
    TooManyDeletes beyond `most_deletes` (None: as many as there are), before anything is done."""
    deletes = len({one.record for one in found.findings if one.what == UNKNOWN})
    if most_deletes is not None and deletes > most_deletes:
        raise TooManyDeletes(deletes)
    if found.epoch > await database.read(telling.epoch):
        # Whatever we said in our epoch, subscribers would pass over.
        reason = "the topics bear an epoch that the database does not know"
        await writer.write(epochs.begin, majors, reason, {found.dataset: found.number}, {}, found.epoch)
        return Mended(new_epoch=True)
    known: dict[str, Order] = {}
    unknown: dict[str, Order] = {}
    for one in found.findings:
        place, name = (unknown, one.record) if one.raw_key is None else (known, one.raw_key)
        place[name] = max(place.get(name, one.order), one.order)
    for some in _some(known):
        await writer.write(reconciling.tell_again, found.dataset, some)
    for some in _some(unknown):
        await writer.write(reconciling.retract, found.dataset, some)
    if found.more:
        await writer.write(snapshot.want, found.dataset, "more records differ than are named")
    return Mended(found.records if found.more else len(known), len(unknown))


def _some(records: Mapping[str, Order]) -> Iterator[dict[str, Order]]:
    pairs = list(records.items())
    return (dict(pairs[start : start + _CHUNK]) for start in range(0, len(pairs), _CHUNK))
