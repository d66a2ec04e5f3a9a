"""One change of a record as the events that it raises, one for each audience that it concerns; pure, used by `loop`."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any
from urllib.parse import quote
from zoneinfo import ZoneInfo

from schemas.query.bound import Value
from schemas.query.values import to_wire
from schemas.wire.event import (
    MAX_BODY_BYTES,
    Event,
    Headers,
    body_of,
    event_id,
    instant,
    sequence_text,
    to_kafka,
)
from services.engine.capture.naming import UNREADABLE
from services.engine.capture.outbox import Change
from services.engine.capture.record import Name
from services.engine.capture.rows import ColumnGone, Row, row_hash, stored_row
from services.engine.capture.tables import CREATED, DELETED, SNAPSHOT, UPDATED
from services.engine.mapping.model import Mapping as TableMapping
from services.engine.relay.feeds import Channel, Feed

_DEEDS = {CREATED: "created", UPDATED: "updated", DELETED: "deleted", SNAPSHOT: "snapshot"}
_LEGAL_TIME = ZoneInfo("Asia/Shanghai")
#: The hash of a record that is gone.
_NOTHING = ""

Values = Mapping[str, Value]


class Unpublishable(Exception):
    """The change cannot become an event; says why, without a value."""


@dataclass(frozen=True, slots=True)
class Message:
    """A Kafka message that carries an event."""

    topic: str
    key: bytes
    value: bytes | None
    headers: Headers
    event_id: str
    number: int


@dataclass(frozen=True, slots=True)
class Draft:
    """An event by its attributes, all but its number in the feed."""

    topic: str
    attributes: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Publication:
    """A change with the events that it raises."""

    change: Change
    name: Name
    drafts: tuple[Draft, ...]

    def messages(self, number: int) -> list[Message]:
        """The messages under the change's number: the same bytes each time."""
        sequence = sequence_text(number)
        return [_message(one, sequence, number) for one in self.drafts]


def publication(feed: Feed, change: Change, dialect: str) -> Publication:
    """What a change makes public. An audience that sees no item of the dataset learns nothing of it, and an update
    that alters nothing of what an audience watches raises no event there. A row whose key cannot be read is no record.
    Raises Unpublishable.

    A change that was not read whole (SNAPSHOT), or after which the record is new or gone, alters everything.
    """
    subject = feed.namer(change.raw_key)
    if subject == UNREADABLE:
        return Publication(change, Name(feed.dataset, change.raw_key, UNREADABLE, None), ())
    new = None if change.new is None else stored_row(change.new, dialect)
    old = stored_row(change.old, dialect) if change.op == UPDATED and change.old is not None else None
    drafts = []
    try:
        known = _NOTHING if new is None else row_hash(new, feed.captured.columns)
        for major in feed.majors:
            shown = {} if new is None else _values(major.mapping, new)
            before = _before(major.mapping, old)
            for channel in major.channels:
                if _alters(channel, before, shown):
                    drafts.append(_draft(feed, major.mapping, channel, change, subject, shown))
    except ColumnGone as fault:
        raise Unpublishable(str(fault)) from None
    return Publication(change, Name(feed.dataset, change.raw_key, subject, known), tuple(drafts))


def _values(mapping: TableMapping, row: Row) -> Values:
    try:
        return {item: field.codec.decode(row[field.column]) for item, field in mapping.fields.items()}
    except KeyError as fault:
        raise ColumnGone(f"the column {fault.args[0]} is gone") from None


def _before(mapping: TableMapping, old: Row | None) -> Values | None:
    """What the record was; None when that is not known."""
    try:
        return None if old is None else _values(mapping, old)
    except ColumnGone:
        return None


def _alters(channel: Channel, before: Values | None, shown: Values) -> bool:
    if before is None:
        return bool(channel.watched)
    return any(before[item] != shown[item] for item in channel.watched)


def _draft(
    feed: Feed, mapping: TableMapping, channel: Channel, change: Change, subject: str, shown: Values
) -> Draft:
    contract = mapping.contract
    data = {item: to_wire(shown[item]) for item in channel.items} if change.op != DELETED else None
    body = _body(data)
    thin = change.op != DELETED and (not data or len(body) > MAX_BODY_BYTES)
    attributes = {
        "id": event_id(feed.source, channel.topic, subject, change.epoch, change.version, body.decode()),
        "source": feed.source,
        "type": f"cn.gov.{contract.dataset}.{_DEEDS[change.op]}",
        "subject": subject,
        "time": _event_time(channel, shown) or change.at,
        "dataschema": f"urn:langqiao:contract:{contract.dataset}:{contract.major}",
        "recordepoch": change.epoch,
        "recordversion": change.version,
        "recordedtime": change.at,
        "dataclassification": contract.grade,
        "data": None if thin else data,
        "dataref": f"/records/{contract.kind}/{contract.name}/{quote(subject, safe='~')}" if thin else None,
    }
    return Draft(channel.topic, attributes)


def _body(data: dict[str, Any] | None) -> bytes:
    try:
        return body_of(data) or b""
    except TypeError:
        # Half a surrogate pair, from a text that was never valid.
        raise Unpublishable("an item holds text that is no Unicode") from None


def _event_time(channel: Channel, shown: Values) -> str | None:
    """The event-time item; a day begins at midnight by the legal clock."""
    if channel.event_time is None:
        return None
    value = shown.get(channel.event_time)
    if isinstance(value, date) and not isinstance(value, datetime):
        value = datetime.combine(value, time.min, _LEGAL_TIME)
    try:
        return instant(value) if isinstance(value, datetime) else None
    except OverflowError:
        # Midnight in Shanghai on the first day of the calendar.
        return None


def _message(draft: Draft, sequence: str, number: int) -> Message:
    event = Event(**draft.attributes, sequence=sequence)
    key, value, headers = to_kafka(event)
    return Message(draft.topic, key, value, headers, event.id, number)
