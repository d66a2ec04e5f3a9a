"""Another pseudonym key for a department's records: their ids by it are kept beside the old ones first, then an epoch
begins in which every record is told by its new id; in the end the old ids are forgotten. Run by the relay, and by
`langqiao keys retire pseudonym`."""

from collections.abc import Mapping, Sequence

from sqlalchemy import Connection, select

from services.engine.capture import aliases, epochs, naming, record, snapshot, telling
from services.engine.capture.naming import UNREADABLE, Namer, Stand
from services.engine.capture.record import Name
from services.engine.capture.tables import engine_tables
from services.engine.pseudonym_keys import PseudonymKey, Turn

REASON = "records are named by another key"


def prepare_some(connection: Connection, namer: Namer, dataset: str, key: PseudonymKey, limit: int) -> bool:
    """Keep the next records' ids by a key that is yet to name, at most `limit`; whether there are more.

    No record row is locked: whoever names a record that comes meanwhile keeps its other ids too.
    """
    after = aliases.after(connection, dataset, key.fingerprint)
    if after is None:
        return False
    keys = _standing(connection, dataset, after, limit)
    ids = {namer.by(key.secret, one): one for one in keys}
    ids.pop(UNREADABLE, None)
    aliases.put(connection, dataset, ids)
    more = len(keys) == limit
    aliases.reach(connection, dataset, key.fingerprint, keys[-1] if more else None)
    return more


def turn(connection: Connection, key: PseudonymKey, majors: Mapping[str, Sequence[int]]) -> Stand:
    """Let a key name from a new epoch on, in which all records of these datasets are told anew; how keys stand then.
    Said again it does nothing."""
    found = naming.stand(connection)
    if found.turns and found.turns[-1].fingerprint == key.fingerprint:
        return found
    epochs.begin(connection, majors, REASON, {}, {})
    epoch = telling.epoch(connection)
    turned = Stand(epoch, (*found.turns, Turn(epoch, key.fingerprint)))
    naming.put(connection, turned.turns)
    return turned


def untold(connection: Connection, datasets: Sequence[str]) -> list[str]:
    """Those of the datasets whose records are not all told yet in the epoch that runs."""
    return [one for one in datasets if snapshot.under_way(connection, one) is not None]


def retire_some(connection: Connection, namer: Namer, dataset: str, limit: int) -> int:
    """Have at most `limit` records bear their own id alone; how many are left of those looked at, which a writer holds
    or which are done."""
    keys = aliases.some(connection, dataset, limit)
    free = record.locked(connection, dataset, keys)
    record.name(connection, [Name(dataset, key, namer(key)) for key in free])
    aliases.forget(connection, dataset, list(free))
    return len(keys)


def _standing(connection: Connection, dataset: str, after: str, limit: int) -> Sequence[str]:
    known = engine_tables(connection.dialect.name).record.c
    mine = select(known.raw_key).where(
        known.dataset == dataset, known.raw_key > after, known.deleted.is_(False)
    )
    return connection.execute(mine.order_by(known.raw_key).limit(limit)).scalars().all()
