"""From record ids to the records themselves; used by one record's address and by writes."""

from schemas.contracts.model import Contract
from schemas.wire.problem import Problem
from schemas.wire.record_id import public_key
from services.engine.source.port import Key, RecordSource


async def key_of(source: RecordSource, contract: Contract, record_id: str) -> Key:
    """The key of the record that has this id, if there is one; Problem unknown-record."""
    for key in await keys_of(source, contract, record_id):
        return key
    raise unknown_record()


async def keys_of(source: RecordSource, contract: Contract, record_id: str) -> list[Key]:
    """The same as a list of one key, or of none: for whoever asks on all the same, so that a record that is not there
    takes the way of one that may not be seen.

    A public id holds its key, so nothing need be asked for it.
    """
    if contract.key_public:
        key = addresses(contract, record_id)
    else:
        key = (await source.keys(contract.dataset, [record_id])).get(record_id)
    return [] if key is None else [key]


def addresses(contract: Contract, record_id: str) -> Key | None:
    """The key that a record id shows by itself; None where it shows none, or is no record id of the dataset."""
    return public_key(contract, record_id) if contract.key_public else None


def unknown_record() -> Problem:
    """The same words for a record that is not there and one outside the caller's rows."""
    return Problem("unknown-record", "The dataset holds no record with this id.")
