"""A zone's offsets from UTC as steps over its own clocks, for SQL that makes instants of local times; used by twins."""

from datetime import UTC, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo

#: Between these years the offsets are followed; before and after, the first and the last one found go on.
_FIRST, _LAST = 1850, 2100
_STRIDE = timedelta(days=7)


@cache
def steps(zone: str) -> tuple[tuple[datetime, timedelta], ...]:
    """(local time from which an offset counts, offset), the latest first; the last begins with the first year.

    Of a time that the clocks showed twice the later instant is meant, and one that they left out counts on from the
    time before: so a new offset always counts from the moment that it shows itself, as `codecs.TextTimestamp` has it.
    """
    there = ZoneInfo(zone)
    at, end = datetime(_FIRST, 1, 1, tzinfo=UTC), datetime(_LAST, 1, 1, tzinfo=UTC)
    offset = _offset(at, there)
    found = [(at.replace(tzinfo=None, year=1), offset)]
    while at < end:
        later = at + _STRIDE
        if (new := _offset(later, there)) != offset:
            turn = _turn(at, later, there)
            found.append((turn.replace(tzinfo=None) + new, new))
            offset = new
        at = later
    return tuple(reversed(found))


def _turn(before: datetime, after: datetime, there: ZoneInfo) -> datetime:
    """The first second of the offset that holds at `after` and not at `before`."""
    old = _offset(before, there)
    while after - before > timedelta(seconds=1):
        middle = (before + (after - before) / 2).replace(microsecond=0)
        before, after = (middle, after) if _offset(middle, there) == old else (before, middle)
    return after


def _offset(at: datetime, there: ZoneInfo) -> timedelta:
    return at.astimezone(there).utcoffset() or timedelta()
