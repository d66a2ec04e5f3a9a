"""Entries that were kept long enough are taken away, a whole segment at a time, and the log says so; used by
`langqiao log prune`."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from schemas.trust.entries import Act
from services.engine.log.files import Segment, segments, sync_folder, tail
from services.engine.log.store import Store


@dataclass(frozen=True, slots=True)
class Old:
    """A segment whose last entry (`number`, `hash`, `at`) is older than entries need be kept."""

    segment: Segment
    number: int
    hash: str
    at: str

    def told(self) -> dict[str, Any]:
        return {"first": self.segment.first, "last": self.number, "hash": self.hash, "at": self.at}


def old(store: Store, keep: timedelta, now: datetime) -> list[Old]:
    """The segments that may go, oldest first; never the last, which the log goes on in."""
    return list(_old(store, keep, now))


def prune(store: Store, keep: timedelta, now: datetime) -> list[Old]:
    """Take them away, after an entry that says which is on the disk: whoever holds the log against it finds that it
    begins just where it should. Raises OSError, LogUnavailable."""
    store.open()
    found = old(store, keep, now)
    if found:
        store.write([store.own(Act.PRUNED, segments=[one.told() for one in found])])
    for one in found:
        one.segment.path.unlink()
    sync_folder(store.folder)
    return found


def _old(store: Store, keep: timedelta, now: datetime) -> Iterator[Old]:
    for segment in segments(store.folder)[:-1]:
        last = tail(segment).last
        if last is None or datetime.fromisoformat(str(last.said["at"])) >= now - keep:
            return
        yield Old(segment, last.number, last.hash, str(last.said["at"]))
