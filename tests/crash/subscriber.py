"""A subscriber as a process of the harness: an integrator's program, which keeps a copy of one topic by the rule that
`services/client/topics.py` gives, killed at any step; started by `run`, its copy judged by `findings`."""

import asyncio
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from threading import Event as Pause
from typing import Any

from schemas.wire.event import Event, body_of
from services.client.topics import CannotFollow, follow
from services.engine.relay.security import secured
from tests.crash.points import SUBSCRIBER, Stage, Trap, Watch

#: Stands for a record whose event leaves its items out.
THIN = b"thin"

#: Before it looks again for a broker that was away, in seconds.
_PAUSE = 0.1

_TABLE = (
    "CREATE TABLE IF NOT EXISTS copy"
    " (subject text PRIMARY KEY, epoch integer NOT NULL, version integer NOT NULL, content blob NOT NULL)"
)
_NEWER = "(excluded.epoch, excluded.version) >= (copy.epoch, copy.version)"
_APPLY = (
    "INSERT INTO copy VALUES (:subject, :epoch, :version, :content) ON CONFLICT (subject) DO UPDATE"
    f" SET epoch = excluded.epoch, version = excluded.version, content = excluded.content WHERE {_NEWER}"
)
_FORGET = "DELETE FROM copy WHERE subject = :subject AND (epoch, version) <= (:epoch, :version)"


@dataclass(frozen=True)
class SubscriberPlan:
    """One life of a subscriber. `broker` are the settings by which a relay reaches it; `copy` outlives the life."""

    topic: str
    broker: dict[str, Any]
    copy: Path
    trap: Trap | None = None


def run(plan: SubscriberPlan) -> int:
    """Follow until killed."""
    asyncio.run(_keep(plan))
    return 0


def kept(copy: Path) -> dict[str, bytes]:
    """What a copy holds, by record id."""
    with closing(sqlite3.connect(copy, timeout=5)) as connection:
        connection.execute(_TABLE)
        return dict(connection.execute("SELECT subject, content FROM copy"))


def content(event: Event) -> bytes | None:
    """What an event shows of its record; None of one that is gone."""
    if event.deleted:
        return None
    return THIN if event.data is None else body_of(event.data)


async def _keep(plan: SubscriberPlan) -> None:
    watch = Watch(plan.trap)
    files = (plan.broker.get(f"broker_{one}_file") for one in ("ca", "certificate", "key"))
    security = secured(*files)
    with closing(sqlite3.connect(plan.copy, timeout=5, isolation_level=None)) as copy:
        # Processes die here, not machines.
        copy.execute("PRAGMA synchronous = OFF")
        copy.execute(_TABLE)
        while True:
            # It keeps no place on the topic: each life begins at the start, and what it has says what is new.
            following = follow(
                plan.broker["bootstrap_servers"], [plan.topic], from_start=True, security=security
            )
            try:
                async for event in following:
                    _apply(copy, event, watch)
            except CannotFollow as fault:
                print(fault, flush=True)
                Pause().wait(_PAUSE)
            finally:
                await following.close()


def _apply(copy: sqlite3.Connection, event: Event, watch: Watch) -> None:
    watch.visit(SUBSCRIBER, Stage.BEGIN)
    epoch, version = event.order
    values = {"subject": event.subject, "epoch": epoch, "version": version, "content": content(event)}
    copy.execute("BEGIN IMMEDIATE")
    copy.execute(_FORGET if event.deleted else _APPLY, values)
    watch.visit(SUBSCRIBER, Stage.COMMIT)
    copy.execute("COMMIT")
    watch.visit(SUBSCRIBER, Stage.COMMITTED)
