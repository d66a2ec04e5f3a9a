"""Working days of Asia/Shanghai: the one way to count a legal clock; used wherever a due date is set."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta

import chinese_calendar


@dataclass(frozen=True, slots=True)
class PendingCalendar:
    """No due date yet: the official calendar of `year` is not loaded. An alarm, never a guess."""

    year: int


@dataclass(frozen=True, slots=True)
class WorkingDays:
    """The working days of the years that are known.

    `loaded` holds, for years that the library does not know, the official days that differ from Monday to
    Friday: date -> whether it is a working day. A year without any entry there counts as unknown.
    """

    loaded: Mapping[date, bool] = field(default_factory=dict)

    def knows(self, year: int) -> bool:
        return any(day.year == year for day in self.loaded) or _library_knows(year)

    def is_working_day(self, day: date) -> bool | PendingCalendar:
        if not self.knows(day.year):
            return PendingCalendar(day.year)
        if day in self.loaded:
            return self.loaded[day]
        if _library_knows(day.year) and not any(known.year == day.year for known in self.loaded):
            return bool(chinese_calendar.is_workday(day))
        return day.weekday() < 5

    def due(self, start: date, working_days: int) -> date | PendingCalendar:
        """The last day of a clock that starts on `start`, which itself is not counted."""
        day = start
        left = working_days
        while left > 0:
            day += timedelta(days=1)
            counts = self.is_working_day(day)
            if isinstance(counts, PendingCalendar):
                return counts
            left -= counts
        return day

    def with_year(self, year: int, document: Mapping[str, object]) -> "WorkingDays":
        """Also know `year`, from its official calendar: {"holidays": [ISO dates], "working": [make-up days]}.

        Raises ValueError when a day lies outside the year or stands in both lists.
        """
        days: dict[date, bool] = {}
        for name, works in (("holidays", False), ("working", True)):
            listed = document.get(name, [])
            if not isinstance(listed, list):
                raise ValueError(f"{name} is a list of dates")
            for text in listed:
                day = date.fromisoformat(str(text))
                if day.year != year or day in days:
                    raise ValueError(f"{name}: {day} is outside {year} or listed twice")
                days[day] = works
        if not days:
            raise ValueError(f"the calendar of {year} lists no day")
        return WorkingDays({**self.loaded, **days})


def _library_knows(year: int) -> bool:
    try:
        chinese_calendar.is_workday(date(year, 1, 1))
        chinese_calendar.is_workday(date(year, 12, 31))
    except NotImplementedError:
        return False
    return True
