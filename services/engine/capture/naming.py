"""Record ids for records that have none yet: those that stood before capture; called by the relay."""

from dataclasses import dataclass

from sqlalchemy import Connection

from schemas.wire.record_id import record_id
from services.engine.capture import record
from services.engine.capture.keys import stored_key
from services.engine.capture.record import Name
from services.engine.mapping.model import Mapping

#: The name of a record whose key cannot be read: it has none, and is not looked at again.
UNREADABLE = ""


@dataclass(frozen=True, slots=True)
class Namer:
    """Gives records of one dataset their ids, by the mapping of its lowest major and the node's secret."""

    mapping: Mapping
    secret: bytes

    def __call__(self, raw_key: str) -> str:
        """The record id of a raw key; UNREADABLE when one of its values is."""
        contract, fields = self.mapping.contract, self.mapping.fields
        stored = stored_key(raw_key)
        key = [fields[item].codec.decode(value) for item, value in zip(contract.key, stored, strict=True)]
        return UNREADABLE if None in key else record_id(contract, key, self.secret)


def name_some(connection: Connection, namer: Namer, dataset: str, limit: int) -> int:
    """Name at most `limit` records of the dataset that have no record id yet; how many."""
    keys = record.nameless(connection, dataset, limit)
    record.name(connection, [Name(dataset, key, namer(key)) for key in keys])
    return len(keys)
