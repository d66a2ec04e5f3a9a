"""Events: CloudEvents 1.0 in Kafka's binary mode, our own small binding; written by relays, read by subscribers."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from operator import attrgetter
from typing import Any

import orjson

#: A larger body is left out, and the event says where to fetch it.
MAX_BODY_BYTES = 64 * 1024
_CONTENT_TYPE = "application/json"
_SEQUENCE_DIGITS = 20
_ID_CHARACTERS = 40
_PREFIX = "ce_"

Headers = list[tuple[str, bytes]]


class BadEvent(ValueError):
    """A message that is no event of ours."""


@dataclass(frozen=True, slots=True)
class Event:
    """One change of one record for one audience. Attribute names are CloudEvents' (small letters, no separators).

    `time` is the event time, `recordedtime` the database's clock at capture, both RFC 3339 UTC. `data` is the whole
    current projection; None for a delete (a tombstone) and for a thin event, which has `dataref` instead.
    """

    id: str
    source: str
    type: str
    subject: str
    time: str
    dataschema: str
    sequence: str
    recordepoch: int
    recordversion: int
    recordedtime: str
    dataclassification: str
    data: dict[str, Any] | None
    dataref: str | None = None
    traceparent: str | None = None

    @property
    def partitionkey(self) -> str:
        return self.subject

    @property
    def deleted(self) -> bool:
        return self.type.endswith(".deleted")

    @property
    def order(self) -> tuple[int, int]:
        """What consumers compare: they apply what is not older."""
        return self.recordepoch, self.recordversion


def event_id(*parts: object) -> str:
    """An id that follows from the content, so that a retry bears the same one."""
    return hashlib.sha256("\0".join(map(str, parts)).encode()).hexdigest()[:_ID_CHARACTERS]


def sequence_text(number: int) -> str:
    """A feed's sequence number as text that sorts as the number does."""
    return str(number).zfill(_SEQUENCE_DIGITS)


def instant(moment: datetime) -> str:
    """An aware time as events write it."""
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


def body_of(data: dict[str, Any] | None) -> bytes | None:
    """The JSON bytes of a projection, the same for the same content."""
    return None if data is None else orjson.dumps(data, option=orjson.OPT_SORT_KEYS)


def to_kafka(event: Event) -> tuple[bytes, bytes | None, Headers]:
    """Key, value and headers of an event. A delete is a tombstone with headers; a thin event's body is `{}`."""
    headers: Headers = [
        *_SAME_OF_ALL,
        *(
            (name, str(value).encode())
            for name, value in zip(_NAMES, _values(event), strict=True)
            if value is not None
        ),
    ]
    value = None if event.deleted else body_of(event.data if event.data is not None else {})
    return event.subject.encode(), value, headers


def from_kafka(key: bytes | None, value: bytes | None, headers: Iterable[tuple[str, bytes]]) -> Event:
    """The event of a Kafka message; raises BadEvent."""
    found = {name.removeprefix(_PREFIX): text for name, text in headers if name.startswith(_PREFIX)}
    if key is None or found.pop("specversion", None) != b"1.0" or found.pop("partitionkey", None) != key:
        raise BadEvent("not a CloudEvent 1.0 in binary mode, keyed by its partition key")
    try:
        return _event({name: text.decode() for name, text in found.items()}, value)
    except KeyError as fault:
        raise BadEvent(f"the attribute {fault} is missing") from fault
    except (ValueError, AttributeError) as fault:
        raise BadEvent("an attribute or the body cannot be read") from fault


def _event(found: dict[str, str], value: bytes | None) -> Event:
    data = None if value is None else orjson.loads(value)
    event = Event(
        **{name: found[name] for name in _TEXTS},
        recordepoch=int(found["recordepoch"]),
        recordversion=int(found["recordversion"]),
        data=None if "dataref" in found else data,
        dataref=found.get("dataref"),
        traceparent=found.get("traceparent"),
    )
    if event.deleted != (value is None) or not (event.deleted or isinstance(data, dict)):
        raise BadEvent("a delete has no body, and every other event has an object")
    return event


_TEXTS = (
    "id",
    "source",
    "type",
    "subject",
    "time",
    "dataschema",
    "sequence",
    "recordedtime",
    "dataclassification",
)
_ATTRIBUTES = (*_TEXTS, "partitionkey", "recordepoch", "recordversion", "dataref", "traceparent")
_NAMES = tuple(_PREFIX + name for name in _ATTRIBUTES)
#: All attributes at once: every event of every topic passes here.
_values = attrgetter(*_ATTRIBUTES)
_SAME_OF_ALL: Headers = [("content-type", _CONTENT_TYPE.encode()), (f"{_PREFIX}specversion", b"1.0")]
