"""A log in a test's own folder: entries to write, and what the disk holds of them."""

import resource
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson

from schemas.trust.chain import Finding, check
from schemas.trust.entries import Act, Entry
from services.engine.log.files import lines, segments
from services.engine.log.store import Store

NODE = "330203.workshop"
NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)


def store(folder: Path, now: datetime = NOON, **changed: int) -> Store:
    return Store(folder, NODE, lambda: now, **changed)


def entry(records: int = 0, at: datetime = NOON) -> Entry:
    return Entry(at, NODE, Act.READ, records=records)


def said(folder: Path) -> list[dict[str, Any]]:
    """What the entries on the disk say."""
    return [orjson.loads(line)["entry"] for line in raw(folder)]


def acts(folder: Path) -> list[str]:
    return [one["act"] for one in said(folder)]


def findings(folder: Path) -> list[Finding]:
    return check(line[:-1] for line in raw(folder))


def raw(folder: Path) -> list[bytes]:
    return [line for one in segments(folder) for line in lines(one)]


@contextmanager
def full_disk(room: int) -> Iterator[None]:
    """No file of this process can grow beyond so many bytes; the kernel refuses what is written past them."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (room, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
