"""How capture and relay stand, in one cheap read; what a department's /health and /metrics show of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import ColumnElement, Connection, Select, func, select, text

from services.engine.capture import clock, state
from services.engine.capture.captured import Captured
from services.engine.capture.database import Database
from services.engine.capture.dialect import Dialect
from services.engine.capture.faults import is_fault
from services.engine.capture.outbox import HELD, SETTLING
from services.engine.capture.tables import EPOCH, engine_tables

#: Counting stops here: a backlog's magnitude is enough, and a count must not cost what it counts.
MOST_COUNTED = 10_000

_WORD = "relay"
#: State by dataset: how far a snapshot has come, and what the last reconciliation found.
_SNAPSHOT, _RECONCILED = "snapshot.", "reconciled."


@dataclass(frozen=True, slots=True)
class RelayWord:
    """What the relay last said: the trouble that keeps it from publishing, and the worry that is to be looked at on its
    way to the broker before it does, each empty when there is none; and how many seconds ago it said so."""

    trouble: str
    age_seconds: float
    worry: str = ""


@dataclass(frozen=True, slots=True)
class Reconciled:
    """What the last comparison of a dataset's table with its topics found: records that differed; seconds since."""

    differing: int
    age_seconds: float


@dataclass(frozen=True, slots=True)
class CaptureStatus:
    """Counts stop at MOST_COUNTED. `unsent` are on their way; `parked` cannot be published; `settling` deletes wait for
    their record to come again, `held` ones for a person. `dirty` records are to be read again; `oldest_mark_seconds` is
    the age of the oldest mark of those that are counted. `missing` names the datasets whose triggers are not all in
    place, `snapshots` those that are being told anew. `relay` is None when no relay has ever spoken."""

    unsent: int
    oldest_unsent_seconds: float
    parked: int
    settling: int
    held: int
    dirty: int
    oldest_mark_seconds: float
    epoch: int
    missing: tuple[str, ...]
    snapshots: tuple[str, ...]
    reconciled: Mapping[str, Reconciled]
    relay: RelayWord | None


async def capture_status(database: Database, captured: Sequence[Captured]) -> CaptureStatus:
    """How things stand now; raises DatabaseAway."""
    return await database.read(_status, database.dialect, captured)


def say(connection: Connection, trouble: str, worry: str = "") -> None:
    """Keep the relay's word, with the database's time."""
    word = {"trouble": trouble, "worry": worry, "at": clock.read_seconds(connection)}
    state.put(connection, {_WORD: orjson.dumps(word).decode()})


def relay_word(connection: Connection) -> RelayWord | None:
    """What the relay last said; None when none has ever spoken."""
    said = state.get(connection, _WORD)
    return None if said is None else _word(said, clock.read_seconds(connection))


def in_place(connection: Connection, dialect: Dialect, captured: Captured) -> bool:
    """Whether all our triggers stand on the dataset's table and are enabled."""
    return connection.execute(text(dialect.triggers(captured))).scalar() == dialect.expected_triggers


def _status(connection: Connection, dialect: Dialect, captured: Sequence[Captured]) -> CaptureStatus:
    tables = engine_tables(dialect.name)
    row = tables.outbox.c
    datasets = [one.dataset for one in captured]
    now, moment, since, marked = _times(connection)
    facts = state.get_all(connection, _facts(datasets))

    def set_aside(test: ColumnElement[bool]) -> int:
        return _counted(connection, select(row.id).where(test))

    return CaptureStatus(
        unsent=set_aside(row.sent_at.is_(None) & row.parked_because.is_(None)),
        oldest_unsent_seconds=_between(since, now) if since else 0.0,
        parked=set_aside(is_fault(row.parked_because)),
        settling=set_aside(row.parked_because == SETTLING),
        held=set_aside(row.parked_because == HELD),
        dirty=_counted(connection, select(tables.dirty.c.raw_key)),
        oldest_mark_seconds=_between(marked, now) if marked else 0.0,
        epoch=int(facts.get(EPOCH, 0)),
        missing=tuple(one.dataset for one in captured if not in_place(connection, dialect, one)),
        snapshots=tuple(one for one in datasets if _SNAPSHOT + one in facts),
        reconciled={
            one: _reconciled(facts[_RECONCILED + one], moment)
            for one in datasets
            if _RECONCILED + one in facts
        },
        relay=_word(facts[_WORD], moment) if _WORD in facts else None,
    )


def _times(connection: Connection) -> tuple[str, float, str | None, str | None]:
    """Now as text and in seconds, when the oldest change was made that is on its way, and the oldest mark."""
    tables = engine_tables(connection.dialect.name)
    row, some = tables.outbox.c, select(tables.dirty.c.at).limit(MOST_COUNTED).subquery()
    marked = select(func.min(some.c.at)).scalar_subquery()
    oldest = (
        select(row.at).where(row.sent_at.is_(None), row.parked_because.is_(None)).order_by(row.id).limit(1)
    )
    dialect = connection.dialect.name
    now = select(clock.now(dialect), clock.seconds(dialect), oldest.scalar_subquery(), marked)
    written, seconds, since, oldest_mark = connection.execute(now).one()
    return written, seconds, since, oldest_mark


def _facts(datasets: Sequence[str]) -> list[str]:
    return [_WORD, EPOCH, *(about + one for one in datasets for about in (_SNAPSHOT, _RECONCILED))]


def _counted(connection: Connection, query: Select[Any]) -> int:
    some = query.limit(MOST_COUNTED).subquery()
    return int(connection.execute(select(func.count()).select_from(some)).scalar_one())


def _word(said: str, now: float) -> RelayWord:
    word = orjson.loads(said)
    # A relay of the release before says nothing of worries.
    return RelayWord(word["trouble"], max(0.0, now - word["at"]), word.get("worry", ""))


def _reconciled(said: str, now: float) -> Reconciled:
    found = orjson.loads(said)
    return Reconciled(found["differing"], max(0.0, now - found["at"]))


def _between(earlier: str, later: str) -> float:
    return (datetime.fromisoformat(later) - datetime.fromisoformat(earlier)).total_seconds()
