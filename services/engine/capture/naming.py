"""Record ids: by which key records are named since which epoch, and ids for records that have none yet; called by the
relay, and by the source where somebody asks for an id that nobody knows."""

from collections.abc import Sequence
from dataclasses import dataclass

import orjson
from sqlalchemy import Connection

from schemas.wire.record_id import record_id
from services.engine.capture import record, state
from services.engine.capture.keys import stored_key
from services.engine.capture.record import Name
from services.engine.capture.tables import EPOCH
from services.engine.mapping.model import Mapping
from services.engine.pseudonym_keys import PseudonymKeys, Turn

#: The name of a record whose key cannot be read: it has none, and is not looked at again.
UNREADABLE = ""

#: State: from which epoch on which key names, by its fingerprint, in order (JSON); nothing before a relay has run.
TURNS = "pseudonym_keys"


@dataclass(frozen=True, slots=True)
class Stand:
    """The epoch that runs, and which keys have named since which one."""

    epoch: int
    turns: tuple[Turn, ...]


@dataclass(frozen=True, slots=True)
class Namer:
    """Gives records of one dataset their ids, by the mapping of its lowest major and the node's pseudonym keys."""

    mapping: Mapping
    keys: PseudonymKeys

    @property
    def pseudonymous(self) -> bool:
        """Whether ids are made by a key at all."""
        return not self.mapping.contract.key_public

    def __call__(self, raw_key: str) -> str:
        """The record id of a raw key; UNREADABLE when one of its values is."""
        return self.by(self.keys.secret, raw_key)

    def by(self, secret: bytes, raw_key: str) -> str:
        """The same by one of the keys."""
        contract, fields = self.mapping.contract, self.mapping.fields
        stored = stored_key(raw_key)
        key = [fields[item].codec.decode(value) for item, value in zip(contract.key, stored, strict=True)]
        return UNREADABLE if None in key else record_id(contract, key, secret)

    def at(self, epoch: int, raw_key: str) -> str | None:
        """The same as it was in an epoch; None where nobody can tell any more."""
        if not self.pseudonymous:
            return self.by(b"", raw_key)
        key = self.keys.at(epoch)
        return None if key is None else self.by(key.secret, raw_key)

    def label_at(self, epoch: int) -> str:
        """What stands for the key of an epoch beside what was told; nothing for the first."""
        return self.keys.label_at(epoch) if self.pseudonymous else ""

    def labelled(self, label: str, raw_key: str) -> str | None:
        """The record id by the key that a label stands for; None where there was none, or nobody can tell."""
        key = self.keys.labelled(label)
        return (None if key is None else self.by(key.secret, raw_key)) or None

    def others(self, raw_key: str) -> tuple[str, ...]:
        """The ids by which the record is found beside its own."""
        if not (self.keys.several and self.pseudonymous):
            return ()
        found = (self.by(secret, raw_key) for secret in self.keys.others)
        return tuple(one for one in found if one != UNREADABLE)


def stand(connection: Connection) -> Stand:
    """Which key names, and since when."""
    facts = state.get_all(connection, [EPOCH, TURNS])
    turns = tuple(Turn(*one) for one in orjson.loads(facts.get(TURNS, "[]")))
    return Stand(int(facts.get(EPOCH, 1)), turns)


def put(connection: Connection, turns: Sequence[Turn]) -> None:
    """Keep which keys name since which epoch."""
    state.put(connection, {TURNS: orjson.dumps([tuple(one) for one in turns]).decode()})


def begin(connection: Connection, fingerprint: str) -> Stand:
    """The same as `stand`; where no relay has run yet, this key has named whatever was told."""
    found = stand(connection)
    if not found.turns:
        found = Stand(found.epoch, (Turn(0, fingerprint),))
        put(connection, found.turns)
    return found


def name_some(connection: Connection, namer: Namer, dataset: str, limit: int) -> int:
    """Name at most `limit` records of the dataset that have no record id yet; how many."""
    keys = record.nameless(connection, dataset, limit)
    record.name(connection, [Name(dataset, key, namer(key), namer.others(key)) for key in keys])
    return len(keys)
