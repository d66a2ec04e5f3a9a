"""What the log holds about one person, newest first, found without reading the log: by an index beside each finished
segment, and in the last one by its bytes; used by the node when a person asks."""

import asyncio
import logging
import os
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from heapq import merge
from pathlib import Path

from schemas.trust.entries import BadLine, Line, read
from services.engine.log import index
from services.engine.log.files import LogUnavailable, Segment, segments

#: How often it is seen whether a segment was finished, in seconds.
_LOOK_SECONDS = 60.0
_BLOCK = 1 << 20
_log = logging.getLogger("langqiao.engine")


@dataclass(slots=True)
class Traces:
    """Keeps the indexes of one log's folder. What is looked for are pseudonyms, as entries name their subjects."""

    folder: Path
    _making: "asyncio.Task[None] | None" = field(default=None)

    async def run(self) -> None:
        """Make what is missing, again and again until cancelled, so that nobody who asks has to wait for years."""
        while True:
            try:
                await self.ready()
            except LogUnavailable as fault:
                _log.warning("access log: no index is made (%s)", fault)
            await asyncio.sleep(_LOOK_SECONDS)

    async def ready(self) -> None:
        """Return when every finished segment has its index; who waits no longer stops nobody else. LogUnavailable."""
        if self._making is None or self._making.done():
            self._making = asyncio.create_task(self._make())
        await asyncio.shield(self._making)

    async def stop(self) -> None:
        """End what is being made; it is begun anew at the next start."""
        if self._making is not None:
            self._making.cancel()
            await asyncio.gather(self._making, return_exceptions=True)

    async def _make(self) -> None:
        try:
            for one in await asyncio.to_thread(_unready, self.folder):
                await asyncio.to_thread(index.build, one)
        except FileNotFoundError:
            # It was pruned meanwhile: the next look sees the folder as it is then.
            return
        except OSError as fault:
            raise LogUnavailable(f"its index cannot be made: {fault.strerror}") from None


@asynccontextmanager
async def tracing(folder: Path) -> AsyncIterator[Traces]:
    """The traces of a log, with their indexes kept beside the calls."""
    traces = Traces(folder)
    work = asyncio.create_task(traces.run())
    try:
        yield traces
    finally:
        work.cancel()
        await asyncio.gather(work, traces.stop(), return_exceptions=True)


def entries(folder: Path, subjects: Sequence[str], before: int) -> Iterator[Line]:
    """The entries that name one of these subjects and are numbered below `before`, the last first. OSError."""
    known = segments(folder)
    words, named = [one.encode() for one in subjects], frozenset(subjects)
    for segment in reversed(known):
        if segment.first >= before:
            continue
        # One may have been finished since the indexes were made.
        indexed = segment is not known[-1] and not index.missing([segment])
        found = _of_finished(segment, subjects, before) if indexed else _of_last(segment, words)
        for line in _read(found):
            if line.number < before and not named.isdisjoint(line.said.get("subjects", ())):
                yield line


def _of_finished(segment: Segment, subjects: Sequence[str], before: int) -> Iterator[bytes]:
    known = [found for one in subjects if (found := index.bytes_of(one)) is not None]
    places = merge(*(index.find(segment, one, before) for one in known), reverse=True)
    passed = None
    with segment.path.open("rb") as file:
        for number, offset in places:
            if number != passed:
                file.seek(offset)
                yield file.readline().removesuffix(b"\n")
            passed = number


def _of_last(segment: Segment, words: Sequence[bytes]) -> Iterator[bytes]:
    """The lines in which one of the words stands. The file is read, not mapped: its writer may cut it back."""
    with segment.path.open("rb") as file:
        end = file.seek(0, os.SEEK_END)
        rest = b""
        while end:
            begin = max(end - _BLOCK, 0)
            file.seek(begin)
            block = file.read(end - begin) + rest
            # What stands before the first line feed began in the block before.
            cut = block.find(b"\n") + 1 if begin else 0
            rest, whole = (block[:cut], block[cut:]) if cut or not begin else (block, b"")
            yield from _lines_with(whole, words)
            end = begin


def _lines_with(block: bytes, words: Sequence[bytes]) -> Iterator[bytes]:
    begins = {place for word in words for place in _begins(block, word)}
    for begin in sorted(begins, reverse=True):
        end = block.find(b"\n", begin)
        if end >= 0:
            yield block[begin:end]


def _begins(block: bytes, word: bytes) -> Iterator[int]:
    at = block.find(word)
    while at >= 0:
        yield block.rfind(b"\n", 0, at) + 1
        end = block.find(b"\n", at)
        at = block.find(word, end) if end >= 0 else -1


def _read(found: Iterator[bytes]) -> Iterator[Line]:
    """A line that was damaged tells nothing; `langqiao log verify` finds it."""
    for line in found:
        with suppress(BadLine):
            yield read(line)


def _unready(folder: Path) -> list[Segment]:
    if not folder.is_dir():
        return []
    known = segments(folder)
    index.sweep(folder, known)
    return index.missing(known[:-1])
