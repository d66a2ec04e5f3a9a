"""Snapshots: a walk over one dataset, some records in each short transaction, which may be broken off at any step and
goes on where it was; wanted by attach, by an epoch, by people; taken by the relay, through the outbox."""

import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import orjson
from sqlalchemy import Connection, select

from schemas.wire import control
from schemas.wire.control import Contents, SnapshotCompleted, SnapshotStarted, Sum
from services.engine.capture import clock, dirty, gone, outbox, record, state, telling, told
from services.engine.capture.captured import Captured
from services.engine.capture.dialect import Dialect
from services.engine.capture.naming import UNREADABLE
from services.engine.capture.tables import SNAPSHOT, UPDATED, engine_tables
from services.engine.capture.telling import Told

#: State by dataset: the walk under way, what channels showed of the dataset when the last one ended, and what those
#: show by which it is told now.
WALK, SHOWN, SHOWING = "snapshot.", "contract.", "showing."

#: Why walks are taken that nobody has wanted.
OTHER_ITEMS = "its channels show other items"
UNCAPTURED = "changes were not captured one by one"

#: A walk's phases: the records of the table, then those that we take to be there and are not.
TABLE, KNOWN = "table", "known"


@dataclass(frozen=True, slots=True)
class Sight:
    """A record as one channel sees it: the digest of what it watches, and of what it is told (or THIN)."""

    label: str
    watched: str
    told: str


@dataclass(frozen=True, slots=True)
class Channels:
    """A dataset as the relay tells it, for a walk, which knows no projection. `places` gives major and audience of each
    channel by label, `shows` the items; `look` takes a row's capture JSON, and gives None where it cannot be told."""

    captured: Captured
    namer: Callable[[str], str]
    places: Mapping[str, tuple[int, str]]
    shows: Mapping[str, Sequence[str]]
    look: Callable[[str], Sequence[Sight] | None]

    @property
    def dataset(self) -> str:
        return self.captured.dataset

    @property
    def majors(self) -> list[int]:
        return sorted({major for major, _ in self.places.values()})


@dataclass(frozen=True, slots=True)
class Walk:
    """How far a walk has come. `shows`: None before its first step. `after`: the last raw key of the phase. `contents`:
    what it has read so far, by channel label. `first_gone`: the first delete that it set aside, by its outbox id."""

    id: str
    reason: str
    forced: bool
    started_at: str
    shows: Mapping[str, Sequence[str]] | None = None
    phase: str = TABLE
    after: str | None = None
    contents: Mapping[str, Mapping[str, int | str]] = field(default_factory=dict)
    first_gone: int | None = None

    @property
    def records(self) -> int:
        """How many it has read so far, of those that any audience is told of."""
        return max((int(one["count"]) for one in self.contents.values()), default=0)


@dataclass(frozen=True, slots=True)
class Step:
    """What came of a step: whether there is more to walk, and whether deletes wait for a person."""

    more: bool = False
    held: bool = False


def want(connection: Connection, dataset: str, reason: str, *, forced: bool = True) -> Walk:
    """Have a dataset read from its first record on; forced, every record is told, else what is news to an audience.

    One that is under way begins anew, and is forced where either is.
    """
    walk = under_way(connection, dataset)
    fresh = Walk(secrets.token_hex(8), reason, forced, clock.read_now(connection))
    if walk is not None:
        fresh = replace(fresh, forced=forced or walk.forced, first_gone=walk.first_gone)
    _keep(connection, dataset, fresh)
    return fresh


def show(connection: Connection, feeds: Sequence[Channels]) -> list[str]:
    """Said by whoever holds the lease, before anything is told as these channels show it; the datasets that others than
    before are told of, whose topics may hold what has been deleted since they were told last.

    Where they show other items than those by which was told before, no walk counts that was begun or ended by these:
    neither for us, nor for the others, should they come back. Where some channels only fell away, what was told by the
    rest stands; should the others come back, they walk.
    """
    come = []
    for channels in feeds:
        dataset, shown = channels.dataset, _shown(channels)
        before = state.get(connection, SHOWING + dataset)
        if before == shown:
            continue
        state.put(connection, {SHOWING + dataset: shown})
        if before is not None and _fell_away(before, channels):
            if state.get(connection, SHOWN + dataset) == before:
                state.put(connection, {SHOWN + dataset: shown})
        elif before is not None:
            state.forget(connection, [SHOWN + dataset])
            # Now, so that it is forced whatever else wants one: what is news cannot be known of items that a neighbour
            # may have left out of what it sent.
            want(connection, dataset, OTHER_ITEMS)
            come += [dataset] if channels.shows.keys() - orjson.loads(before).keys() else []
    return come


def under_way(connection: Connection, dataset: str) -> Walk | None:
    """The walk that is wanted or under way."""
    text = state.get(connection, WALK + dataset)
    return None if text is None else Walk(**orjson.loads(text))


def due(connection: Connection, channels: Channels) -> bool:
    """Whether a walk is to be taken: one that is wanted, or one that nobody needs to want, since every record is
    marked, or channels show other items than when the last one ended, or none has ended yet."""
    dataset = channels.dataset
    facts = state.get_all(connection, [WALK + dataset, SHOWN + dataset])
    known = facts.get(SHOWN + dataset) == _shown(channels)
    return WALK + dataset in facts or not known or dirty.every_marked(connection, dataset)


def step(connection: Connection, dialect: Dialect, channels: Channels, limit: int, hold_deletes: int) -> Step:
    """Walk on over at most `limit` records, where a walk is due.

    The table is kept from being emptied, and record rows are locked before it is read, so what is told of a record
    comes before or after a writer's change, and never between; a record that a writer holds is marked instead.
    """
    record.hold_table(connection, channels.captured)
    walk = _locked(connection, channels)
    if walk is None:
        return Step()
    if walk.phase == TABLE:
        _keep(connection, channels.dataset, _over_table(connection, dialect, channels, walk, limit))
        return Step(more=True)
    captured, forced = channels.captured, walk.forced
    after, first = gone.tell_some(connection, dialect, captured, walk.after, limit, forced=forced)
    walk = replace(walk, after=after, first_gone=walk.first_gone or first)
    if after is None:
        return Step(held=_end(connection, channels, walk, hold_deletes))
    _keep(connection, channels.dataset, walk)
    return Step(more=True)


def _locked(connection: Connection, channels: Channels) -> Walk | None:
    """The walk, which nobody changes before we commit; begun where one is due, and anew where channels show other items
    than when it began."""
    facts = engine_tables(connection.dialect.name).state
    mine = select(facts.c.value).where(facts.c.name == WALK + channels.dataset).with_for_update()
    text: str | None = connection.execute(mine).scalar()
    walk = None if text is None else Walk(**orjson.loads(text))
    walk = walk or _of_itself(connection, channels)
    shows = orjson.loads(_shown(channels))
    if walk is None or walk.shows == shows:
        return walk
    if walk.shows is not None:
        walk = want(connection, channels.dataset, OTHER_ITEMS)
    return _begin(connection, channels, replace(walk, shows=shows))


def _of_itself(connection: Connection, channels: Channels) -> Walk | None:
    """One that nobody needs to want. A mark that a writer holds waits for him."""
    if state.get(connection, SHOWN + channels.dataset) != _shown(channels):
        return want(connection, channels.dataset, OTHER_ITEMS)
    if dirty.take_every_mark(connection, channels.dataset):
        return want(connection, channels.dataset, UNCAPTURED, forced=False)
    return None


def _begin(connection: Connection, channels: Channels, walk: Walk) -> Walk:
    said = SnapshotStarted(**_about(walk)).model_dump()
    for major in channels.majors:
        telling.control(connection, channels.dataset, major, control.SNAPSHOT_STARTED, said)
    return replace(walk, contents=dict.fromkeys(channels.places, Sum().contents.model_dump()))


def _over_table(connection: Connection, dialect: Dialect, channels: Channels, walk: Walk, limit: int) -> Walk:
    """The walk after the table's next records."""
    dataset = channels.dataset
    keys = record.keys_after(connection, dialect, channels.captured, walk.after, limit)
    record.ensure(connection, dataset, keys, deleted=True)
    free = record.locked(connection, dataset, keys)
    dirty.mark(connection, dataset, [key for key in keys if key not in free], forced=walk.forced)
    rows = record.rows_now(connection, dialect, channels.captured, keys)
    seen = {key: channels.look(row) for key, row in rows.items() if channels.namer(key) != UNREADABLE}
    news = {key: rows[key] for key in seen if key in free}
    if not walk.forced:
        news = _news(connection, channels, news, seen)
    known = told.get(connection, dataset, list(news))
    telling.tell_all(
        connection,
        dataset,
        [
            Told(key, row, UPDATED if key in known and not walk.forced else SNAPSHOT)
            for key, row in news.items()
        ],
    )
    walk = replace(walk, contents=_added(channels, walk, seen))
    if len(keys) == limit:
        return replace(walk, after=keys[-1])
    return replace(walk, phase=KNOWN, after=None)


def _news(
    connection: Connection,
    channels: Channels,
    rows: Mapping[str, str],
    seen: Mapping[str, Sequence[Sight] | None],
) -> dict[str, str]:
    """Those of the rows, by raw key, that some audience does not know and is not about to be told.

    What waits is read before what was told: a change that is sent in between is known by then.
    """
    waiting = outbox.newest_unsent(connection, channels.dataset, list(rows))
    known = told.get(connection, channels.dataset, list(rows))
    return {
        key: row
        for key, row in rows.items()
        if (waiting[key] != row if key in waiting else _is_news(seen[key], known.get(key, {})))
    }


def _is_news(sights: Sequence[Sight] | None, known: Mapping[str, str]) -> bool:
    """What cannot be told is left to the relay, which says why."""
    return sights is None or any(known.get(one.label) != one.watched for one in sights)


def _added(
    channels: Channels, walk: Walk, seen: Mapping[str, Sequence[Sight] | None]
) -> dict[str, dict[str, int | str]]:
    sums = {label: Sum(Contents.model_validate(found)) for label, found in walk.contents.items()}
    for key, sights in seen.items():
        subject = channels.namer(key)
        for one in sights or ():
            sums[one.label].add(subject, one.told)
    return {label: found.contents.model_dump() for label, found in sums.items()}


def _end(connection: Connection, channels: Channels, walk: Walk, hold_deletes: int) -> bool:
    """The deletes go now that it is known how many they are, then subscribers are told; whether they wait for a person
    instead."""
    first = walk.first_gone
    held = first is not None and not gone.let_few_go(connection, channels.dataset, first, hold_deletes)
    for of_major in channels.majors:
        audiences = {
            audience: Contents.model_validate(walk.contents[label])
            for label, (major, audience) in channels.places.items()
            if major == of_major
        }
        said = SnapshotCompleted(**_about(walk), audiences=audiences).model_dump()
        telling.control(connection, channels.dataset, of_major, control.SNAPSHOT_COMPLETED, said)
    shown = _shown(channels)
    if state.get(connection, SHOWING + channels.dataset) in (None, shown):
        # Else somebody of other items has the lease by now, and what we told waits to be sent as they show it.
        state.put(connection, {SHOWN + channels.dataset: shown})
    state.forget(connection, [WALK + channels.dataset])
    return held


def _about(walk: Walk) -> dict[str, Any]:
    return {"id": walk.id, "reason": walk.reason, "forced": walk.forced, "started_at": walk.started_at}


def _shown(channels: Channels) -> str:
    return orjson.dumps(channels.shows, option=orjson.OPT_SORT_KEYS).decode()


def _fell_away(before: str, channels: Channels) -> bool:
    """Whether what these channels show was all shown before."""
    known = orjson.loads(before)
    return all(known.get(label) == list(items) for label, items in channels.shows.items())


def _keep(connection: Connection, dataset: str, walk: Walk) -> None:
    state.put(connection, {WALK + dataset: orjson.dumps(walk).decode()})
