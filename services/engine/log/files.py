"""The files of an access log: segments named by their first entry's number, and the lock that makes one process their
writer; used by `store`, by pruning and by the steward's tool."""

import fcntl
import mmap
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from schemas.trust.entries import BadLine, Line, read

_NAME = re.compile(r"access-(\d{12})\.jsonl")
_LOCK = "lock"
#: Nobody but the service's own user reads who asked about whom.
_FILE_RIGHTS, _FOLDER_RIGHTS = 0o600, 0o700


class LogUnavailable(Exception):
    """The log takes no entry now, so nothing may be disclosed; says why, without a value."""


@dataclass(frozen=True, slots=True)
class Segment:
    """One file of the log; `first` is the number of its first entry."""

    path: Path
    first: int


@dataclass(frozen=True, slots=True)
class Tail:
    """How a segment ends: its last whole entry (None: it has none), up to where it is whole, and how many bytes
    follow that are no entry."""

    last: Line | None
    size: int
    torn: int


def segments(folder: Path) -> list[Segment]:
    """The log's segments in order."""
    if not folder.is_dir():
        return []
    named = ((path, _NAME.fullmatch(path.name)) for path in folder.iterdir())
    found = [Segment(path, int(match.group(1))) for path, match in named if match]
    return sorted(found, key=lambda one: one.first)


def lines(segment: Segment) -> Iterator[bytes]:
    """The segment's lines, line feeds included; the last may lack one."""
    with segment.path.open("rb") as file:
        yield from file


def tail(segment: Segment) -> Tail:
    """How a segment ends. What a power cut left half written is no entry, even where a line feed ends it."""
    size = segment.path.stat().st_size
    if size == 0:
        return Tail(None, 0, 0)
    with segment.path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
        end = content.rfind(b"\n") + 1
        while end:
            begin = content.rfind(b"\n", 0, end - 1) + 1
            try:
                return Tail(read(content[begin : end - 1]), end, size - end)
            except BadLine:
                end = begin
    return Tail(None, 0, size)


def backwards(segment: Segment) -> Iterator[bytes]:
    """The segment's lines, the last first, without line feeds; what no line feed ends is passed over."""
    if segment.path.stat().st_size == 0:
        return
    with segment.path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
        end = content.rfind(b"\n")
        while end >= 0:
            before = content.rfind(b"\n", 0, end)
            yield content[before + 1 : end]
            end = before


def begin(folder: Path, first: int) -> int:
    """The descriptor of a new segment, whose name is on the disk."""
    path = folder / f"access-{first:012d}.jsonl"
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, _FILE_RIGHTS)
    sync_folder(folder)
    return descriptor


def sync_folder(folder: Path) -> None:
    """Put the names in a folder on the disk."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def lock(folder: Path) -> int:
    """The lock of the folder, which is made where it is missing; it is held until its descriptor is closed, also by a
    killed process. Raises LogUnavailable when another process has it."""
    folder.mkdir(mode=_FOLDER_RIGHTS, parents=True, exist_ok=True)
    descriptor = os.open(folder / _LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, _FILE_RIGHTS)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        raise LogUnavailable("another process writes this log") from None
    return descriptor


def append_line(path: Path, line: str) -> None:
    """One more line in a file beside the log, on the disk when this returns."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, _FILE_RIGHTS)
    try:
        size = os.fstat(descriptor).st_size
        # A killed writer's half line must not swallow this one.
        ended = size == 0 or os.pread(descriptor, 1, size - 1) == b"\n"
        write_all(descriptor, (b"" if ended else b"\n") + line.encode() + b"\n", None)
        os.fdatasync(descriptor)
    finally:
        os.close(descriptor)


def write_all(descriptor: int, content: bytes, offset: int | None) -> None:
    """Write to the last byte; a disk that is full says so only for what no longer fits. OSError."""
    view = memoryview(content)
    while view:
        written = os.write(descriptor, view) if offset is None else os.pwrite(descriptor, view, offset)
        view = view[written:]
        offset = None if offset is None else offset + written
