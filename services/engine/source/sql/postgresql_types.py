"""Days and local times between Python and PostgreSQL; set on every connection by `postgresql`.

The driver's own way takes the last day of 9999 for infinity, and that day is how tables say "for ever".
"""

from datetime import date, datetime, timedelta

import asyncpg

_FIRST_DAY = date(2000, 1, 1).toordinal()
_FIRST_TIME = datetime(2000, 1, 1)  # noqa: DTZ001 a local time
_MICROSECOND = timedelta(microseconds=1)


async def set_types(connection: asyncpg.Connection) -> None:
    """Exact to the ends of Python's years; nothing beyond them may be read (see `Twin.shown`)."""
    await connection.set_type_codec("date", schema="pg_catalog", encoder=_days, decoder=_day, format="tuple")
    await connection.set_type_codec(
        "timestamp", schema="pg_catalog", encoder=_microseconds, decoder=_time, format="tuple"
    )


def _days(value: date) -> tuple[int]:
    return (value.toordinal() - _FIRST_DAY,)


def _day(days: tuple[int]) -> date:
    return date.fromordinal(_FIRST_DAY + days[0])


def _microseconds(value: datetime) -> tuple[int]:
    return ((value - _FIRST_TIME) // _MICROSECOND,)


def _time(microseconds: tuple[int]) -> datetime:
    return _FIRST_TIME + _MICROSECOND * microseconds[0]
