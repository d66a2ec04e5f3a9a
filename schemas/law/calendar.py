"""Working days of Asia/Shanghai: the one way to count a legal clock; used wherever a due date is set."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import chinese_calendar

#: The year that the library begins with; it is asked for the last one, which grows with its releases.
_LIBRARY_BEGINS = 2004
_ZONE = "Asia/Shanghai"


@dataclass(frozen=True, slots=True)
class PendingCalendar:
    """No due date yet: the official calendar of `year` is not loaded. An alarm, never a guess."""

    year: int


class BadCalendar(ValueError):
    """A year's calendar cannot be loaded; says which list and day."""


@dataclass(frozen=True, slots=True)
class WorkingDays:
    """The working days of the years that are known: the library's, and those loaded from official calendars.

    `years` are the loaded years, which replace the library's; `days` holds their days that differ from Monday to
    Friday: date -> whether it is a working day. A notice may also settle days of the December before its year.
    """

    years: frozenset[int] = frozenset()
    days: Mapping[date, bool] = field(default_factory=dict)

    def knows(self, year: int) -> bool:
        return year in self.years or _library_knows(year)

    def is_working_day(self, day: date) -> bool | PendingCalendar:
        """Whether offices work on a day of Asia/Shanghai; PendingCalendar when its year is not known."""
        if not self.knows(day.year):
            return PendingCalendar(day.year)
        if day in self.days:
            return self.days[day]
        if day.year in self.years:
            return day.weekday() < 5
        return bool(chinese_calendar.is_workday(day))

    def due(self, start: date, working_days: int) -> date | PendingCalendar:
        """The last day of a clock of that many working days which starts on `start`, itself not counted."""
        if working_days < 1:
            raise ValueError("a clock runs for at least one working day")
        day, left = start, working_days
        while left > 0:
            if day == date.max:
                return PendingCalendar(day.year)
            day += timedelta(days=1)
            counts = self.is_working_day(day)
            if isinstance(counts, PendingCalendar):
                return counts
            left -= counts
        return day

    def with_year(self, year: int, document: Mapping[str, object]) -> "WorkingDays":
        """Also know `year`, from its official calendar: {"holidays": [ISO dates], "working": [make-up days]}.

        `holidays` may hold only the days off that would else be working days, or weekends too. Raises BadCalendar.
        """
        days: dict[date, bool] = {}
        for name, works in (("holidays", False), ("working", True)):
            for day in _listed(document, name):
                if not date(year - 1, 12, 1) <= day <= date(year, 12, 31):
                    raise BadCalendar(f"{name}: {day} is not in {year}, nor in the December before")
                if day in days:
                    raise BadCalendar(f"{name}: {day} is listed twice")
                days[day] = works
        if not any(day.year == year for day in days):
            raise BadCalendar(f"the calendar of {year} lists no day of that year")
        kept = {day: works for day, works in self.days.items() if day.year != year}
        return WorkingDays(self.years | {year}, kept | days)


def legal_day(moment: datetime) -> date:
    """The day on which a moment (with a time zone) falls in Asia/Shanghai."""
    if moment.tzinfo is None:
        raise ValueError("a moment needs a time zone")
    return moment.astimezone(ZoneInfo(_ZONE)).date()


def _listed(document: Mapping[str, object], name: str) -> Iterator[date]:
    listed = document.get(name, [])
    if not isinstance(listed, list):
        raise BadCalendar(f"{name} is a list of dates")
    for text in listed:
        try:
            yield date.fromisoformat(str(text))
        except ValueError as fault:
            raise BadCalendar(f"{name}: {text} is no date like 2027-01-01") from fault


def _library_knows(year: int) -> bool:
    if year < _LIBRARY_BEGINS:
        return False
    try:
        chinese_calendar.is_workday(date(year, 1, 1))
    except NotImplementedError:
        return False
    return True
