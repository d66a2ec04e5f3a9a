"""Who used which major of a dataset, and on which day last, by the access log; asked by `telling` for what retires."""

import asyncio
from collections.abc import Collection, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path

from schemas.law.sharing.limits import legal_day
from schemas.trust.entries import Act, BadLine, Line, read
from schemas.trust.uses import Uses
from services.engine.log.files import LogUnavailable, Segment, backwards, segments

#: A dataset and its major.
Major = tuple[str, int]
_USING = frozenset({Act.READ, Act.LOOKUP, Act.VERIFY, Act.COUNT, Act.WRITE})


@dataclass(slots=True)
class LastUses:
    """What was read of one log's folder; at each look only what is new is read, segment by segment, from the end."""

    folder: Path
    _of: frozenset[Major] = frozenset()
    _read_to: int = 0
    _last: dict[Major, dict[str, date]] = field(default_factory=dict)

    async def look(self, of: Collection[Major], since: date) -> list[Uses]:
        """The last uses of these majors since a legal day. LogUnavailable."""
        if frozenset(of) != self._of:
            self._of, self._read_to, self._last = frozenset(of), 0, {}
        found: dict[Major, dict[str, date]] = {one: {} for one in of}
        try:
            newest = await self._read(found, since)
        except OSError as fault:
            raise LogUnavailable(f"it cannot be read: {fault.strerror}") from None
        for major, used in found.items():
            before = self._last.get(major, {})
            self._last[major] = {who: day for who, day in (before | used).items() if day >= since}
        self._read_to = newest
        return [Uses(*major, dict(used)) for major, used in sorted(self._last.items())]

    async def _read(self, found: dict[Major, dict[str, date]], since: date) -> int:
        """Note the uses in entries that were not read yet; the number of the last entry. A segment at a time, for calls
        are answered meanwhile."""
        newest = self._read_to
        for segment in reversed(await asyncio.to_thread(segments, self.folder)):
            last = await asyncio.to_thread(_note, segment, found, since, self._read_to)
            if last is not None:
                newest = max(newest, last.number)
            if segment.first <= self._read_to + 1 or (last is not None and _day(last) < since):
                break
        return newest


def _note(segment: Segment, found: dict[Major, dict[str, date]], since: date, read_to: int) -> Line | None:
    """Note who used what in a segment; its last entry. A line that names no dataset of these is not read further."""
    last = None
    words = {f'"dataset":"{dataset}"'.encode() for dataset, _ in found}
    # What a power cut left may lack its file.
    with suppress(FileNotFoundError):
        for line in backwards(segment):
            if last is not None and not any(word in line for word in words):
                continue
            with suppress(BadLine):
                entry = read(line)
                last = last or entry
                if entry.number <= read_to or _day(entry) < since:
                    break
                _note_entry(entry, found)
    return last


def _note_entry(entry: Line, found: dict[Major, dict[str, date]]) -> None:
    said = entry.said
    used = found.get((str(said.get("dataset")), said.get("major", 0)))
    if used is None or said.get("act") not in _USING:
        return
    for who in _who(entry):
        used[who] = max(used.get(who, date.min), _day(entry))


def _who(entry: Line) -> Iterator[str]:
    """Whose system asked, and for whom it acted: either has to change what it does."""
    yield str(entry.said.get("member", ""))
    if "on_behalf" in entry.said:
        yield str(entry.said["on_behalf"])


def _day(entry: Line) -> date:
    return legal_day(datetime.fromisoformat(str(entry.said["at"])))
