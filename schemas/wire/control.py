"""Control records: what a feed says of itself beside its records' changes, by kind; written by relays, read by
subscribers.

A control record is an ordinary event on the topic `….control` of a dataset's major: its type is
`cn.gov.<dataset>.control.<kind>`, its key the kind, so that compaction keeps the newest of each. The key of a parked
change is `parked/<number>`, and a tombstone says that it no longer waits.
"""

import hashlib
from collections.abc import Mapping
from typing import TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from schemas.wire.event import BadEvent, Event

SNAPSHOT_STARTED = "snapshot-started"
SNAPSHOT_COMPLETED = "snapshot-completed"
EPOCH_BEGAN = "epoch-began"
PARKED = "parked"
RECONCILED = "reconciled"
WRITER = "writer"
ACCESS_CHECKPOINT = "access-checkpoint"

#: In place of a digest, of a record whose event shows nothing of it.
THIN = "thin"

#: The hash of a set of records is a sum of so many bytes of each.
_MARK_BYTES = 16
_MODULUS = 1 << (8 * _MARK_BYTES)


class Data(BaseModel):
    """The body of a control record. Readers pass over what they do not know."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class Contents(Data):
    """Some records as one audience is told them."""

    count: int = Field(ge=0, description="How many records.")
    hash: str = Field(
        pattern=r"^[0-9a-f]{32}$",
        description="Sum modulo 2^128, in hex, of each record's mark: the first 16 bytes of SHA-256 over the record id,"
        " a NUL byte, and `thin` where the event has a dataref, else the first nine bytes of SHA-256 over its body in"
        " URL-safe base64. The same in any order.",
    )


class SnapshotStarted(Data):
    """Every record of the dataset is being read, and told where audiences may not know it."""

    id: str = Field(description="The snapshot's own id, which its completion repeats.")
    reason: str = Field(description="Why it was wanted.")
    forced: bool = Field(description="Whether every record is told; else only what is news to an audience.")
    started_at: str = Field(description="When it was wanted, RFC 3339 UTC.")


class SnapshotCompleted(SnapshotStarted):
    """Every record that stood in the table was read, and what was news was told before this."""

    audiences: Mapping[str, Contents] = Field(
        description="What the snapshot read, by audience. A topic at rest folds to the same count and hash."
    )


class EpochBegan(Data):
    """From now on versions count in a new epoch, since older ones may have gone back; every record is told anew."""

    reason: str = Field(description="What had happened.")


class ParkedChange(Data):
    """A change that cannot be published and waits, with the later ones of its record, for a person."""

    reason: str = Field(description="What stands in its way; no value of the record.")
    since: str = Field(description="When the change was made, RFC 3339 UTC.")


class Reconciled(Data):
    """The table and the topics were compared."""

    started_at: str = Field(description="When, RFC 3339 UTC.")
    records: int = Field(ge=0, description="How many records the table held.")
    differing: int = Field(ge=0, description="How many records differed on a topic of any audience.")
    moving: int = Field(ge=0, description="Of how many a change was still on its way to a topic.")
    audiences: Mapping[str, Contents] = Field(description="What the topics held, by audience.")
    offsets: Mapping[str, list[int]] = Field(
        description="The end of each partition, by audience, up to which the topics were read."
    )


class Writer(Data):
    """Which database these topics are written from. A second one under the same node id is refused."""

    incarnation: str = Field(description="The database's own id, made when capture was first put in place.")


class AccessCheckpoint(Data):
    """Where the access log of the department's node stood; whoever holds this can prove a past written anew."""

    node: str = Field(description="The node whose log it is.")
    number: int = Field(ge=1, description="The number of the log's last entry.")
    hash: str = Field(pattern=r"^[0-9a-f]{64}$", description="That entry's hash.")
    at: str = Field(description="When, RFC 3339 UTC.")
    signed: str = Field(
        description="The same as a compact JWS by the node's key, to be checked with the registry."
    )


#: What a control record of each kind holds.
KINDS: Mapping[str, type[Data]] = {
    SNAPSHOT_STARTED: SnapshotStarted,
    SNAPSHOT_COMPLETED: SnapshotCompleted,
    EPOCH_BEGAN: EpochBegan,
    PARKED: ParkedChange,
    RECONCILED: Reconciled,
    WRITER: Writer,
    ACCESS_CHECKPOINT: AccessCheckpoint,
}

D = TypeVar("D", bound=Data)


def kind_of(event: Event) -> str | None:
    """The kind of a control record; None when the event is none."""
    _, said, kind = event.type.removesuffix(".deleted").partition(".control.")
    return kind if said else None


def read(event: Event, form: type[D]) -> D:
    """The body of a control record in the form of its kind; raises BadEvent."""
    try:
        return form.model_validate(event.data)
    except ValidationError as fault:
        raise BadEvent(f"the control record {event.subject} does not hold what its kind says") from fault


class Sum:
    """Count and hash of records that come one by one."""

    def __init__(self, start: Contents | None = None) -> None:
        self._count = start.count if start is not None else 0
        self._sum = int(start.hash, 16) if start is not None else 0

    def add(self, subject: str, digest: str) -> None:
        """A record, and the digest of what is told of it, or THIN."""
        mark = hashlib.sha256(f"{subject}\0{digest}".encode()).digest()[:_MARK_BYTES]
        self._count += 1
        self._sum = (self._sum + int.from_bytes(mark)) % _MODULUS

    def merge(self, other: "Sum") -> None:
        """All of another's records, which are none of ours yet."""
        self._count += other._count
        self._sum = (self._sum + other._sum) % _MODULUS

    @property
    def contents(self) -> Contents:
        return Contents(count=self._count, hash=f"{self._sum:0{2 * _MARK_BYTES}x}")
