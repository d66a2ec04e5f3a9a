"""What a publishing round reads, and its two transactions, before and after the broker has its messages; run by the
relay under its lease."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from sqlalchemy import Connection

from services.engine.capture import deletes, dirty, naming, outbox, reconciling, record, told
from services.engine.capture import state as facts
from services.engine.capture.naming import Stand
from services.engine.capture.outbox import Change
from services.engine.capture.record import Name
from services.engine.capture.tables import POSTGRESQL
from services.engine.capture.told import Digests, Record


@dataclass(slots=True)
class Round:
    """What a round has made of the changes that waited.

    `numbered`: changes with events, in order, and the labels of the channels that these go to. `known`: what audiences
    are then told of records. `names`: record ids. `aside`: changes set aside, with the reason. `needless`: changes with
    nothing to tell. `overdue`: changes of an epoch that is over, or of a table that did not fit, whose records are to
    be read again. `relieved`: records that came again, so that earlier deletes which were set aside are needless.
    `former`: record ids, with their datasets, under which records were told before another key named them.
    """

    numbered: list[tuple[Change, Sequence[str]]] = field(default_factory=list)
    known: dict[Record, Digests] = field(default_factory=dict)
    names: list[Name] = field(default_factory=list)
    aside: dict[int, str] = field(default_factory=dict)
    needless: list[int] = field(default_factory=list)
    overdue: list[Change] = field(default_factory=list)
    relieved: list[Change] = field(default_factory=list)
    former: list[tuple[str, str]] = field(default_factory=list)


def waiting(connection: Connection, limit: int) -> tuple[list[Change], Stand]:
    """The changes that wait, at most `limit`, and the epoch that runs, with the keys that name. Read in this order, no
    change is of a later epoch."""
    return outbox.waiting(connection, limit), naming.stand(connection)


def make_ready(connection: Connection, made: Round, given: Mapping[str, int], limit: int) -> dict[int, int]:
    """Keep what a round has decided; the numbers by the change's id. Raises outbox.WentBack.

    A record that a writer holds is named later: never do we wait for a writer here, who may be waiting for us. While
    one key follows another it is told again for that, lest it keep the old name.
    """
    outbox.park(connection, made.aside)
    for dataset in {one.dataset for one in made.names}:
        mine = [one for one in made.names if one.dataset == dataset]
        free = record.locked(connection, dataset, list({one.raw_key for one in mine}))
        record.name(connection, [one for one in mine if one.raw_key in free])
        held = {one.raw_key for one in mine if one.others and one.raw_key not in free}
        dirty.mark(connection, dataset, list(held), forced=True)
    for one in made.overdue:
        dirty.mark(connection, one.dataset, [one.raw_key], forced=True)
    for one in made.relieved:
        deletes.relieve(connection, one)
    for dataset in {dataset for dataset, _ in made.former}:
        gone = {subject: (0, 0) for of, subject in made.former if of == dataset}
        reconciling.retract(connection, dataset, gone)
    numbers = outbox.number(connection, made.numbered, given)
    told.put(connection, made.known)
    outbox.mark_sent(connection, [*made.needless, *(one.id for one in made.overdue)], limit)
    return numbers


def settle(
    connection: Connection,
    sent: Sequence[int],
    parked: Mapping[int, str],
    positions: Mapping[str, str],
    lost: Collection[str],
    limit: int,
) -> None:
    """Mark changes sent, park those that the broker refused, keep what the broker acknowledged.

    Of datasets whose topics are not as we left them, all kept changes count as unsent by now; what is older than these,
    only a comparison finds. Where all went well nobody waits for the disk: what a crash takes with it is sent again.
    """
    if not parked and not lost and connection.dialect.name == POSTGRESQL:
        connection.exec_driver_sql("SET LOCAL synchronous_commit = off")
    outbox.mark_sent(connection, sent, limit)
    outbox.park(connection, parked)
    facts.put(connection, positions)
    for dataset in lost:
        reconciling.want(connection, dataset, reconciling.MEND)
