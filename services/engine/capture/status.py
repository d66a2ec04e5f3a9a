"""How capture and relay stand, in one cheap read; what a department's /health shows of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import Connection, Select, func, select, text

from services.engine.capture import clock, state
from services.engine.capture.captured import Captured
from services.engine.capture.database import Database
from services.engine.capture.dialect import Dialect
from services.engine.capture.tables import engine_tables

#: Counting stops here: a backlog's magnitude is enough, and a count must not cost what it counts.
MOST_COUNTED = 10_000

_WORD = "relay"


@dataclass(frozen=True, slots=True)
class RelayWord:
    """What the relay last said: the trouble that keeps it from publishing, empty when there is none, and how many
    seconds ago it said so."""

    trouble: str
    age_seconds: float


@dataclass(frozen=True, slots=True)
class CaptureStatus:
    """Counts stop at MOST_COUNTED. `missing` names the datasets whose triggers are not all in place. `relay` is None
    when no relay has ever spoken."""

    unsent: int
    oldest_unsent_seconds: float
    parked: int
    dirty: int
    missing: tuple[str, ...]
    relay: RelayWord | None


async def capture_status(database: Database, captured: Sequence[Captured]) -> CaptureStatus:
    """How things stand now; raises DatabaseAway."""
    return await database.read(_status, database.dialect, captured)


def say(connection: Connection, trouble: str) -> None:
    """Keep the relay's word, with the database's time."""
    at: float = connection.execute(select(clock.seconds(connection.dialect.name))).scalar_one()
    state.put(connection, {_WORD: orjson.dumps({"trouble": trouble, "at": at}).decode()})


def in_place(connection: Connection, dialect: Dialect, captured: Captured) -> bool:
    """Whether all our triggers stand on the dataset's table and are enabled."""
    return connection.execute(text(dialect.triggers(captured))).scalar() == dialect.expected_triggers


def _status(connection: Connection, dialect: Dialect, captured: Sequence[Captured]) -> CaptureStatus:
    tables = engine_tables(dialect.name)
    row = tables.outbox.c
    unsent = select(row.id).where(row.sent_at.is_(None), row.parked_because.is_(None))
    oldest = (
        select(row.at).where(row.sent_at.is_(None), row.parked_because.is_(None)).order_by(row.id).limit(1)
    )
    now, since = connection.execute(
        select(clock.now(connection.dialect.name), oldest.scalar_subquery())
    ).one()
    return CaptureStatus(
        unsent=_counted(connection, unsent),
        oldest_unsent_seconds=_between(since, now) if since else 0.0,
        parked=_counted(connection, select(row.id).where(row.parked_because.is_not(None))),
        dirty=_counted(connection, select(tables.dirty.c.raw_key)),
        missing=tuple(one.dataset for one in captured if not in_place(connection, dialect, one)),
        relay=_word(connection),
    )


def _counted(connection: Connection, query: Select[Any]) -> int:
    some = query.limit(MOST_COUNTED).subquery()
    return int(connection.execute(select(func.count()).select_from(some)).scalar_one())


def _word(connection: Connection) -> RelayWord | None:
    said = state.get(connection, _WORD)
    if said is None:
        return None
    word = orjson.loads(said)
    now: float = connection.execute(select(clock.seconds(connection.dialect.name))).scalar_one()
    return RelayWord(word["trouble"], max(0.0, now - word["at"]))


def _between(earlier: str, later: str) -> float:
    return (datetime.fromisoformat(later) - datetime.fromisoformat(earlier)).total_seconds()
