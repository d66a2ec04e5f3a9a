"""The department's side of a reconciliation: the table page by page, how single records stand, and what mends them;
used by the relay's reconciliation and by `langqiao reconcile`."""

import secrets
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import orjson
from sqlalchemy import Connection, exists, or_, select, update

from schemas.wire import control
from services.engine.capture import clock, dirty, record, snapshot, state, telling
from services.engine.capture.captured import Captured
from services.engine.capture.dialect import Dialect
from services.engine.capture.snapshot import Channels
from services.engine.capture.tables import RETRACTED, engine_tables

#: State by dataset: that a reconciliation is wanted (a wish: LOOK or MEND and a mark of its own; or nothing), what the
#: last one found (JSON), and since when the next one is waited for (seconds by the database's clock).
WANTED, RESULT, SINCE = "reconcile.", "reconciled.", "reconcile_since."
LOOK, MEND = "look", "mend"

Order = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Stand:
    """How a record stands: its raw key, None where only a topic knows it; its (epoch, version), (0, 0) where the engine
    knows none; its row as capture JSON, None when it has none; whether a change of it is on its way; and whether that
    is set aside, and so does not move by itself.

    A key that was spelt in several ways has several raw keys: the one with the row counts, else the newest.
    """

    raw_key: str | None
    order: Order
    row: str | None
    moving: bool
    aside: bool


@dataclass(frozen=True, slots=True)
class Answered:
    """Which wish a reconciliation has answered; one that came meanwhile is wanted still. Where anything was `mended`,
    it is to be looked at once more."""

    wish: str
    mended: bool


#: Order by raw key.
_Known = dict[str, Order]


def page(
    connection: Connection, dialect: Dialect, captured: Captured, after: str | None, limit: int
) -> tuple[dict[str, str], str | None]:
    """The table's next rows in key order, as capture JSON by raw key, and the last key; None at the table's end."""
    keys = record.keys_after(connection, dialect, captured, after, limit)
    rows = record.rows_now(connection, dialect, captured, keys) if keys else {}
    return rows, keys[-1] if len(keys) == limit else None


def look(
    connection: Connection, dialect: Dialect, channels: Channels, wanted: Mapping[str, str | None]
) -> dict[str, Stand]:
    """How some records stand, by record id; `wanted` gives the raw key, where it is known.

    The versions are read first: whatever happens to a record after that raises its version, so that a second look
    tells. Without that order, a change could be sent between two of these statements and be seen by none.
    """
    known = _known(connection, channels.dataset, wanted)
    keys = [key for one in known.values() for key in one]
    everything = dirty.every_marked(connection, channels.dataset) or snapshot.due(connection, channels)
    # A record that has no record id yet may be one that we seem not to know.
    nameless = not all(known.values()) and _any_nameless(connection, channels.dataset)
    moving = _moving(connection, channels.dataset, [*keys, *wanted])
    rows = record.rows_now(connection, dialect, channels.captured, keys) if keys else {}
    found = {}
    for subject, orders in known.items():
        mine = [moving[key] for key in (subject, *orders) if key in moving]
        raw_key = _counting(orders, rows)
        order = max(orders.values(), default=(0, 0))
        row = None if raw_key is None else rows.get(raw_key)
        on_way = everything or bool(mine) or (nameless and not orders)
        found[subject] = Stand(raw_key, order, row, on_way, any(mine))
    return found


def _counting(orders: Mapping[str, Order], rows: Collection[str]) -> str | None:
    """Of a record's raw keys the one with a row, else the newest; None where there is none."""
    return max(orders, key=lambda key: (key in rows, orders[key]), default=None)


def tell_again(connection: Connection, dataset: str, records: Mapping[str, Order]) -> None:
    """Have records told to everybody as they stand, by raw key, under versions above what a topic shows of them."""
    known = engine_tables(connection.dialect.name).record
    record.ensure(connection, dataset, list(records), deleted=True)
    for raw_key, (epoch, version) in records.items():
        mine = (known.c.dataset == dataset) & (known.c.raw_key == raw_key)
        behind = mine & (known.c.epoch <= epoch) & (known.c.version < version)
        connection.execute(update(known).where(behind).values(version=version))
    dirty.mark(connection, dataset, list(records), forced=True)


def retract(connection: Connection, dataset: str, records: Mapping[str, Order]) -> None:
    """Have deletes told of records that only a topic knows, by record id, above the (epoch, version) that it shows of
    them. One that is told already, and not sent yet, is not told twice."""
    row = engine_tables(connection.dialect.name).outbox.c
    waiting = select(row.raw_key).where(
        row.dataset == dataset,
        row.op == RETRACTED,
        row.sent_at.is_(None),
        row.raw_key.in_(list(records)),
    )
    waits = set(connection.execute(waiting).scalars())
    current = telling.epoch(connection)
    for subject, (epoch, version) in records.items():
        if subject not in waits:
            above = (current, version + 1 if epoch == current else 0)
            telling.retract(connection, dataset, subject, above)


def want(connection: Connection, dataset: str, how: str) -> None:
    """Have the relay compare a dataset with its topics as soon as no snapshot of it is under way: LOOK or MEND."""
    state.put(connection, {WANTED + dataset: f"{how} {secrets.token_hex(4)}"})


def show(connection: Connection, feeds: Sequence[Channels]) -> None:
    """The channels by which is told from now on, as `snapshot.show`. A walk tells those that come what is there; what
    is gone since they were told last, nothing but their topics knows."""
    for dataset in snapshot.show(connection, feeds):
        want(connection, dataset, MEND)


def mends(wish: str) -> bool:
    """Whether what differs is to be mended."""
    return wish.startswith(MEND)


def due(connection: Connection, datasets: Sequence[str], hours: int) -> dict[str, str]:
    """The wishes that are to be answered now, by dataset."""
    names = [name + one for one in datasets for name in (WANTED, SINCE)]
    facts = state.get_all(connection, names)
    at = clock.read_seconds(connection)
    found = {}
    for one in datasets:
        since = facts.get(SINCE + one)
        over = hours > 0 and since is not None and at >= float(since) + hours * 3600
        wish = facts.get(WANTED + one) or (LOOK if over else "")
        if wish:
            found[one] = wish
    return found


def wait_from_now(connection: Connection, datasets: Sequence[str]) -> None:
    """Begin to count the hours to the next reconciliation of those datasets for which nobody counts yet."""
    facts = state.get_all(connection, [SINCE + one for one in datasets])
    at = str(clock.read_seconds(connection))
    state.put(connection, {SINCE + one: at for one in datasets if SINCE + one not in facts})


def keep(
    connection: Connection,
    dataset: str,
    counts: Mapping[str, int],
    said: Mapping[int, control.Reconciled],
    answered: Answered,
) -> None:
    """Keep what a reconciliation has counted, and have subscribers told what it `said` by major."""
    at = clock.read_seconds(connection)
    result = orjson.dumps({"at": at, **counts}).decode()
    facts = {RESULT + dataset: result, SINCE + dataset: str(at)}
    if (state.get(connection, WANTED + dataset) or answered.wish) == answered.wish:
        facts[WANTED + dataset] = LOOK if answered.mended else ""
    state.put(connection, facts)
    for major, data in said.items():
        telling.control(connection, dataset, major, control.RECONCILED, data.model_dump())


def _known(connection: Connection, dataset: str, wanted: Mapping[str, str | None]) -> dict[str, _Known]:
    known = engine_tables(connection.dialect.name).record.c
    by_key = {key: subject for subject, key in wanted.items() if key is not None}
    named = or_(known.pseudonym.in_(list(wanted)), known.raw_key.in_(list(by_key)))
    columns = (known.raw_key, known.epoch, known.version, known.pseudonym)
    found: dict[str, _Known] = {subject: {} for subject in wanted}
    for one in connection.execute(select(*columns).where(known.dataset == dataset, named)):
        subject = one.pseudonym if one.pseudonym in found else by_key[one.raw_key]
        found[subject][one.raw_key] = (one.epoch, one.version)
    for key, subject in by_key.items():
        found[subject].setdefault(key, (0, 0))
    return found


def _any_nameless(connection: Connection, dataset: str) -> bool:
    known = engine_tables(connection.dialect.name).record.c
    some = exists().where(known.dataset == dataset, known.pseudonym.is_(None))
    return bool(connection.execute(select(some)).scalar_one())


def _moving(connection: Connection, dataset: str, keys: Sequence[str]) -> dict[str, bool]:
    """Those of the raw keys, or record ids that are retracted, of which something is not told yet, and whether any of
    that is set aside. Marks are read first: one that is worked off meanwhile is a row of the outbox then."""
    tables = engine_tables(connection.dialect.name)
    mark, row = tables.dirty.c, tables.outbox.c
    marked = select(mark.raw_key).where(mark.dataset == dataset, mark.raw_key.in_(keys))
    found = dict.fromkeys(connection.execute(marked).scalars(), False)
    unsent = select(row.raw_key, row.parked_because.is_not(None).label("aside")).where(
        row.dataset == dataset, row.sent_at.is_(None), row.raw_key.in_(keys)
    )
    for one in connection.execute(unsent):
        found[one.raw_key] = found.get(one.raw_key, False) or one.aside
    return found
