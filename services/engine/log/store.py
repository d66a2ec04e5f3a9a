"""The access log on the disk, written by one thread of one process: entries go in together and are durable together, or
none is; used by `appender` and by pruning."""

import hashlib
import logging
import os
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from schemas.trust.entries import Act, Entry, Head, write
from services.engine.log.files import (
    LogUnavailable,
    Segment,
    append_line,
    begin,
    lock,
    segments,
    tail,
    write_all,
)

#: A segment of this size is followed by another, in bytes: about a hundred thousand entries.
SEGMENT_BYTES = 64 * 1024 * 1024
_log = logging.getLogger("langqiao.engine")


class Store:
    """The log in one folder. It opens when it is first written to; `head` is its last durable entry."""

    def __init__(
        self,
        folder: Path,
        node: str,
        clock: Callable[[], datetime],
        segment_bytes: int = SEGMENT_BYTES,
    ) -> None:
        self.folder, self.head = folder, Head()
        self._node, self._clock, self._segment_bytes = node, clock, segment_bytes
        self._lock: int | None = None
        self._file: int | None = None
        self._size = 0
        self._month = ""
        self._owed: list[Entry] = []

    def write(self, entries: Sequence[Entry]) -> list[Head]:
        """Where each entry stands, when all are durable. OSError, LogUnavailable: none is, and the log is as it was."""
        self.open()
        all_of_them = [*self._owed, *entries]
        if not all_of_them:
            return []
        self._turn(all_of_them[0].at)
        assert self._file is not None
        written, heads, head = [], [], self.head
        for one in all_of_them:
            line, head = write(one, head)
            written.append(line)
            heads.append(head)
        block = b"".join(written)
        try:
            write_all(self._file, block, self._size)
            os.fdatasync(self._file)
        except OSError:
            self._cut_back()
            raise
        heads = heads[len(self._owed) :]
        self._size, self.head, self._owed = self._size + len(block), head, []
        return heads

    def open(self) -> None:
        """Take the lock and go on where the log ends. What a killed writer left half written is cut off, and an entry
        says so. Raises OSError, LogUnavailable."""
        if self._lock is None:
            self._lock = lock(self.folder)
        if self._file is not None:
            return
        for segment in reversed(segments(self.folder)):
            end = tail(segment)
            if end.last is not None and end.last.said.get("node") != self._node:
                # Two logs in one chain would be neither's.
                raise LogUnavailable("its folder holds another node's log")
            if end.torn:
                self._recover(segment, end.size, end.torn)
            if end.last is not None:
                self._go_on(segment, end.size, end.last.head)
                return
            segment.path.unlink()
        self.head, self._size, self._month = Head(), 0, ""
        if not self._owed:
            self._owed.append(self.own(Act.BEGAN))

    def own(self, act: Act, **told: Any) -> Entry:
        """An entry about the log itself."""
        return Entry(self._clock(), self._node, act, told=told or None)

    def close(self) -> None:
        """Let another process write."""
        for descriptor in (self._file, self._lock):
            if descriptor is not None:
                os.close(descriptor)
        self._file = self._lock = None

    def _go_on(self, segment: Segment, size: int, head: Head) -> None:
        self._file = os.open(segment.path, os.O_RDWR | os.O_CLOEXEC)
        self.head, self._size = head, size
        self._month = _month(datetime.fromtimestamp(segment.path.stat().st_mtime, UTC))

    def _recover(self, segment: Segment, size: int, torn: int) -> None:
        """Cut a segment back to what is whole; what is cut off is kept beside the log, for whoever wants to look."""
        content = segment.path.read_bytes()[size:]
        digest = hashlib.sha256(content).hexdigest()
        append_line(self.folder / f"torn-{digest[:16]}", content.hex())
        with segment.path.open("r+b") as file:
            file.truncate(size)
            os.fsync(file.fileno())
        _log.warning("access log: %d bytes of an unfinished entry cut off", torn)
        self._owed.append(self.own(Act.RECOVERED, bytes=torn, digest=digest))

    def _turn(self, at: datetime) -> None:
        """Begin a segment where there is none, and when the last is large enough or of another month."""
        month = _month(at)
        if self._file is not None and self._size < self._segment_bytes and month == self._month:
            return
        fresh = begin(self.folder, self.head.number + 1)
        if self._file is not None:
            os.close(self._file)
        self._file, self._size, self._month = fresh, 0, month

    def _cut_back(self) -> None:
        """Take away what was written of entries that nobody was told of; where even that fails, the next write opens
        the log anew."""
        assert self._file is not None
        try:
            os.ftruncate(self._file, self._size)
            os.fdatasync(self._file)
        except OSError:
            os.close(self._file)
            self._file = None


def _month(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m")
