"""One change of a record as the events that it raises, one for each channel to which it is news; pure, used by
`sending`."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime, time
from typing import Any
from urllib.parse import quote
from zoneinfo import ZoneInfo

from schemas.wire.event import MAX_BODY_BYTES, Event, Headers, event_id, instant, sequence_text, to_kafka
from services.engine.capture.naming import UNREADABLE
from services.engine.capture.outbox import Change
from services.engine.capture.record import Name
from services.engine.capture.tables import CONTROL, CREATED, RETRACTED, SNAPSHOT, UPDATED
from services.engine.capture.told import AS_STORED, KEY, Digests, digest_of, is_known
from services.engine.relay import control
from services.engine.relay.feeds import Feed
from services.engine.relay.views import Unpublishable, View, digests, row_of, views

_DEEDS = {CREATED: "created", UPDATED: "updated", SNAPSHOT: "snapshot"}
_LEGAL_TIME = ZoneInfo("Asia/Shanghai")


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
    """An event by its attributes, all but its number in the feed; `label` is its channel's."""

    label: str
    topic: str
    attributes: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Publication:
    """A change with the events that it raises, and what audiences are told of the record after them. `name` is None
    where no record is told of; `former` is the id under which it was told before another key named it."""

    change: Change
    name: Name | None
    drafts: tuple[Draft, ...]
    digests: Digests
    former: str | None = None

    @property
    def labels(self) -> tuple[str, ...]:
        return tuple(one.label for one in self.drafts)

    def messages(self, number: int) -> list[Message]:
        """The messages under the change's number: the same bytes each time."""
        sequence = sequence_text(number)
        return [_message(one, sequence, number) for one in self.drafts]


def publication(feed: Feed, change: Change, known: Digests | None, dialect: str) -> Publication:
    """What a change makes public, where audiences were last told `known` of its record. Raises Unpublishable.

    An audience that sees no item of the dataset learns nothing of it, and one to which nothing is new hears nothing. A
    SNAPSHOT or a RETRACTED goes to all, and a change that has its number already to those that it went to before. A row
    whose key cannot be read is no record. Of one that was told under the id of another key nothing is told under this.
    """
    if change.op == CONTROL:
        said = control.attributes(feed, change)
        return Publication(change, None, () if said is None else (Draft(CONTROL, *said),), {})
    if change.op == RETRACTED:
        return _retraction(feed, change)
    subject = feed.namer.at(change.epoch, change.raw_key)
    if subject is None:
        raise Unpublishable("the pseudonym key of its epoch is missing")
    name = Name(change.dataset, change.raw_key, subject, feed.namer.others(change.raw_key))
    if subject == UNREADABLE:
        return Publication(change, name, (), {})
    known, former = _under_this_key(feed, change, known)
    change = _decided(change, known)
    if known and _is_old_news(change, known):
        return Publication(change, name, (), known)
    seen = views(feed, row_of(feed, change.new, dialect))
    now = _as_stored(feed, change) | digests(seen)
    concerned = _concerned(change, known or {}, now, seen)
    drafts = tuple(_draft(feed, view, change, subject) for view in seen if view.channel.label in concerned)
    return Publication(change, name, drafts, now, former)


def _retraction(feed: Feed, change: Change) -> Publication:
    labels = change.labels if change.sequence is not None else None
    drafts = (
        _draft(feed, view, change, change.raw_key)
        for view in views(feed, None)
        if labels is None or view.channel.label in labels
    )
    return Publication(change, None, tuple(drafts), {})


def _under_this_key(feed: Feed, change: Change, known: Digests | None) -> tuple[Digests | None, str | None]:
    """What was told of the record under the id by which the change names it; or nothing, and the id of before."""
    if not known or known.get(KEY, "") == feed.namer.label_at(change.epoch):
        return known, None
    return None, feed.namer.labelled(known.get(KEY, ""), change.raw_key)


def _as_stored(feed: Feed, change: Change) -> dict[str, str]:
    """What stands told of a row beside what each audience is told; nothing of one that is gone."""
    if change.new is None:
        return {}
    label = feed.namer.label_at(change.epoch)
    return {AS_STORED: digest_of(change.new.encode())} | ({KEY: label} if label else {})


def _decided(change: Change, known: Digests | None) -> Change:
    """Of a record of which nothing stands told, the first telling creates it; every other updates it."""
    if change.sequence is not None or change.op not in (CREATED, UPDATED):
        return change
    return replace(change, op=UPDATED if known else CREATED)


def _is_old_news(change: Change, known: Digests) -> bool:
    """Whether the very row was told already, as of most rows of a nightly reload."""
    compares = change.sequence is None and change.op in (CREATED, UPDATED)
    return compares and change.new is not None and is_known(known, change.new)


def _concerned(change: Change, known: Digests, now: Digests, seen: Iterable[View]) -> Collection[str]:
    """Labels of the channels that a change goes to."""
    if change.sequence is not None:
        return change.labels
    if change.op == SNAPSHOT:
        return [one.channel.label for one in seen]
    labels = (one.channel.label for one in seen)
    return [label for label in labels if known.get(label) != now.get(label)]


def _draft(feed: Feed, view: View, change: Change, subject: str) -> Draft:
    contract, deleted = view.contract, change.new is None
    thin = not deleted and (not view.data or len(view.body) > MAX_BODY_BYTES)
    address = f"/records/{contract.kind}/{contract.name}/{quote(subject, safe='~')}"
    topic = view.channel.topic
    attributes = {
        "id": event_id(feed.source, topic, subject, change.epoch, change.version, view.body.decode()),
        "source": feed.source,
        "type": f"cn.gov.{contract.dataset}.{_deed(change)}",
        "subject": subject,
        "time": _event_time(view) or change.at,
        "dataschema": f"urn:langqiao:contract:{contract.dataset}:{contract.major}",
        "recordepoch": change.epoch,
        "recordversion": change.version,
        "recordedtime": change.at,
        "dataclassification": contract.grade,
        "data": None if thin else view.data,
        "dataref": address if thin else None,
    }
    return Draft(view.channel.label, topic, attributes)


def _deed(change: Change) -> str:
    if change.new is None:
        return "deleted"
    return _DEEDS[change.op]


def _event_time(view: View) -> str | None:
    """The event-time item; a day begins at midnight by the legal clock."""
    value = None if view.channel.event_time is None else view.values.get(view.channel.event_time)
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
