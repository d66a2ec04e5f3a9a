"""What is wrong in the end: everything that the topics hold, against the writers' ledger and the department's tables;
asked by `run` when all is quiet."""

import json
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from schemas.query.values import to_wire
from schemas.wire.event import MAX_BODY_BYTES, Event, body_of
from services.engine.capture.outbox import HELD
from services.engine.relay.feeds import Channel, Feed, Major, feeds_of
from services.engine.settings import Settings
from tests import workshop
from tests.brokers import Broker, events_in, messages_by_topic
from tests.crash import ledger
from tests.crash.contracts import NOW
from tests.crash.going_back import Past, epoch_began
from tests.crash.ledger import ALTERED, COMMITTED, ROLLED_BACK, STOOD, Entry
from tests.crash.scenario import Scenario
from tests.crash.shapes import Shapes, Version, former_channels, walked_too_often
from tests.crash.subscriber import THIN, content, kept
from tests.flow.events.checker import State, Told, altered, first_told, gone_back, unexplained, untold
from tests.flow.events.shop import CANARY
from tests.stores import Store


@dataclass(frozen=True)
class Trail:
    """One channel, all its messages, and all the states that its records went through, by record id."""

    shapes: Shapes
    messages: list[Any]
    events: list[Event]
    states: dict[str, list[State]]
    #: How the table stands.
    stands: dict[str, object]
    #: Where the database went back: the epoch that began then, and the states of the database that was lost.
    epoch: int | None = None
    lost: dict[str, list[State]] = field(default_factory=dict)

    @property
    def told(self) -> list[Told]:
        return [
            Told(event.subject, event.order, (one.value, tuple(one.headers)))
            for one, event in zip(self.messages, self.events, strict=True)
        ]


@dataclass(frozen=True)
class Known:
    """What a run knows beside database and broker: what was promised to writers, how it was to go, the subscriber's
    topic and copy, and how many relays have lived."""

    promises: dict[str, set[str]]
    scenario: Scenario
    subscribed: str
    copy: Path
    relays: int
    past: Past | None = None


async def find(store: Store, broker: Broker, settings: Settings, known: Known) -> list[str]:
    """One sentence for each thing that is wrong; empty when all is right."""
    found = await _set_aside(store)
    feeds = feeds_of(NOW, settings, workshop.SECRET)
    before = former_channels(settings) if known.scenario.renewed is not None else {}
    topics = [topic for feed in feeds for topic in feed.topics]
    messages = await messages_by_topic(broker, topics)
    standing = {table.name: await ledger.entries(store.program, table) for table in ledger.TABLES}
    found += _wrong_promises(standing, known)
    for feed in feeds:
        table = feed.majors[0].mapping.table
        told = [one for major in feed.majors for one in messages[major.control_topic]]
        rows = await store.program.rows(f"SELECT {', '.join(table.columns)} FROM {table.name}")
        stands = [dict(zip(table.columns, row, strict=True)) for row in rows]
        trails = {
            channel.topic: _trail(
                feed,
                major,
                Shapes(channel, before.get(channel.topic, channel)),
                messages[channel.topic],
                standing[table.name],
                stands,
                known.past,
                epoch_began(events_in(told)) if known.past is not None else None,
            )
            for major in feed.majors
            for channel in major.channels
        }
        late = {one for trail in trails.values() for one in trail.shapes.late(trail.told, trail.events)}
        for topic, trail in trails.items():
            found += [f"{topic}: {wrong}" for wrong in _wrong(trail, known.scenario, late)]
            if topic == known.subscribed:
                found += _wrong_copy("the copy of a subscriber", kept(known.copy), trail)
        found += walked_too_often(feed.dataset, events_in(told), known.scenario, known.relays)
    return found


async def told_too_early(store: Store, broker: Broker, settings: Settings) -> list[str]:
    """Deletes that wait for a person, and are on a topic all the same."""
    row = "dataset, raw_key, epoch, version"
    query = f"SELECT {row} FROM {store.engine('outbox')} WHERE parked_because = ?"
    held = await store.program.rows(query, HELD)
    if not held:
        return []
    feeds = feeds_of(workshop.MAPPINGS, settings, workshop.SECRET)
    namer = {one.dataset: one.namer for one in feeds}
    waits = {(namer[dataset](key), (epoch, version)) for dataset, key, epoch, version in held}
    topics = [channel.topic for feed in feeds for major in feed.majors for channel in major.channels]
    messages = await messages_by_topic(broker, topics)
    told = [(topic, event) for topic in topics for event in events_in(messages[topic])]
    return [
        f"{topic}: the delete {one.subject} {one.order} is told, though it waits for a person"
        for topic, one in told
        if one.deleted and (one.subject, one.order) in waits
    ]


def _wrong_promises(standing: ledger.Entries, known: Known) -> Iterator[str]:
    """Of what writers were told, against the database that stands now."""
    kept = ledger.transactions(standing)
    for tx in sorted(kept & known.promises[ROLLED_BACK]):
        yield f"the database has kept {tx}, which it rolled back"
    lost = known.past.lost_transactions() if known.past is not None else set()
    for tx in sorted(known.promises[COMMITTED] - kept - lost):
        yield f"the database has not kept {tx}, which it committed"


async def _set_aside(store: Store) -> list[str]:
    rows = await store.program.rows(
        f"SELECT parked_because, count(*) FROM {store.engine('outbox')}"
        " WHERE parked_because IS NOT NULL GROUP BY parked_because"
    )
    return [f"{count} changes are set aside: {reason}" for reason, count in rows]


def _trail(
    feed: Feed,
    major: Major,
    shapes: Shapes,
    messages: list[Any],
    entries: Mapping[ledger.Key, Sequence[Entry]],
    stands: Sequence[dict[str, Any]],
    past: Past | None,
    epoch: int | None,
) -> Trail:
    def subject(key: ledger.Key) -> str:
        return feed.namer(json.dumps(list(key)))

    table = major.mapping.table
    lost = past.lost[table.name] if past is not None else {}
    return Trail(
        shapes,
        messages,
        events_in(messages),
        {subject(key): _states(major, shapes, found) for key, found in entries.items()},
        {subject(tuple(row[one] for one in table.key)): _shown(major, shapes.now, row) for row in stands},
        epoch,
        {subject(key): _states(major, shapes, found) for key, found in lost.items()},
    )


def _states(major: Major, shapes: Shapes, entries: Sequence[Entry]) -> list[State]:
    """What only the new contract watches, a relay of the one before need not tell."""
    last = {one.tx: place for place, one in enumerate(entries)}
    return [
        State(
            None if one.row is None else _shown(major, shapes.now, one.row),
            None if one.row is None else _items(major, one.row, shapes.before.watched),
            # What no trigger saw, as it stood before capture or came of altering the table, need not be told where it
            # was changed before a walk came by.
            net=last[one.tx] == place and not one.tx.startswith((STOOD, ALTERED)),
            otherwise=() if one.row is None else (_shown(major, shapes.before, one.row),),
        )
        for place, one in enumerate(entries)
    ]


def _shown(major: Major, channel: Channel, row: dict[str, Any]) -> bytes:
    body = _items(major, row, channel.items)
    return THIN if not channel.items or len(body) > MAX_BODY_BYTES else body


def _items(major: Major, row: dict[str, Any], items: Sequence[str]) -> bytes:
    fields = major.mapping.fields
    shown = {one: to_wire(fields[one].codec.decode(row[fields[one].column])) for one in items}
    return body_of(shown) or b""


def _wrong(trail: Trail, scenario: Scenario, elsewhere: Collection[Version]) -> Iterator[str]:
    """`elsewhere` are the versions that any topic of the dataset shows as late."""
    yield from _wrong_bytes(trail)
    told = trail.told
    late = trail.shapes.late(told, trail.events, elsewhere) if scenario.outlived else set()
    in_time = [one for one in told if (one.subject, one.order) not in late]
    for one in gone_back(in_time):
        yield f"{one.subject} goes back to version {one.order}"
    for one in altered(trail.shapes.apart(told, trail.events)):
        yield f"{one.subject} has two messages of version {one.order} that differ"
    yield from trail.shapes.wrong(trail.events, scenario)
    event_of = {(one.subject, one.order): one for one in trail.events}
    of_record: dict[str, list[Event]] = defaultdict(list)
    for one in first_told(in_time):
        of_record[one.subject].append(event_of[one.subject, one.order])
    for subject in sorted(of_record.keys() | trail.states.keys()):
        events = of_record.get(subject, [])
        before = [one for one in events if trail.epoch is not None and one.recordepoch < trail.epoch]
        yield from _wrong_record(subject, before, trail.lost.get(subject, []), False)
        yield from _wrong_record(
            subject, events[len(before) :], trail.states.get(subject, []), scenario.tells_each
        )
    yield from _wrong_fold(trail)


def _wrong_bytes(trail: Trail) -> Iterator[str]:
    hidden = [CANARY["remark"].encode(), CANARY["holder"].encode()]
    of_id: dict[str, tuple[str, tuple[int, int]]] = {}
    for message, event in zip(trail.messages, trail.events, strict=True):
        said = b"\0".join((message.key, message.value or b"", *(value for _, value in message.headers)))
        if any(one in said for one in hidden):
            yield f"{event.subject} {event.order} shows what must not be seen"
        if of_id.setdefault(event.id, (event.subject, event.order)) != (event.subject, event.order):
            yield f"{event.subject} {event.order} has another event's id"


def _wrong_record(
    subject: str, events: Sequence[Event], states: Sequence[State], tells_each: bool
) -> Iterator[str]:
    told = [content(one) for one in events]
    for place in unexplained(told, states):
        yield f"{subject} {events[place].order} tells what was not so, or was no longer so"
    if tells_each:
        for place in untold(told, states):
            yield f"{subject} was never told as it was by the ledger's entry {place + 1} of {len(states)}"


def _wrong_fold(trail: Trail) -> Iterator[str]:
    """By whoever applies what is not older; and by whoever keeps the last message, as compaction does."""
    newest: dict[str, Event] = {}
    last: dict[str, Event] = {}
    for one in trail.events:
        last[one.subject] = one
        if one.subject not in newest or one.order >= newest[one.subject].order:
            newest[one.subject] = one
    for name, fold in (("folded", newest), ("compacted", last)):
        has = {subject: content(one) for subject, one in fold.items() if not one.deleted}
        yield from _wrong_copy(f"{name}, it", has, trail)


def _wrong_copy(name: str, has: Mapping[str, object], trail: Trail) -> Iterator[str]:
    for subject in sorted(has.keys() | trail.stands.keys()):
        if has.get(subject) != trail.stands.get(subject):
            yield f"{name} {_difference(has.get(subject), trail.stands.get(subject))}: {subject}"


def _difference(has: object, stands: object) -> str:
    if has is None:
        return "lacks a record"
    return "has a record that is gone" if stands is None else "has a record in another state"
