"""The legal clocks of sharing: how many working days each step may take, by article, and who takes it; asked for due
dates."""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from zoneinfo import ZoneInfo

from schemas.law.calendar import PendingCalendar, WorkingDays
from schemas.law.sharing.steps import Party

#: Legal days are those of this zone.
ZONE = ZoneInfo("Asia/Shanghai")


class Clock(StrEnum):
    """What somebody has to have done by a day."""

    ANSWER_UNCONDITIONAL = "answer a request for unconditional data"
    ANSWER_CONDITIONAL = "answer a request for conditional data"
    DELIVER = "deliver what was agreed"
    CORRECT = "verify, correct and answer a correction request"
    UPDATE_CATALOGUE = "update the catalogue after a change of law or duty"
    REVIEW_CATALOGUE = "review and publish a catalogue entry"
    RECEIVERS = "show by the access log who received a wrong value"
    ACKNOWLEDGE = "acknowledge a corrected value"
    MEND = "mend what a permission was suspended for"
    DISPOSE = "dispose of the data and certify it"
    DECIDE = "decide a dispute"


@dataclass(frozen=True, slots=True)
class Limit:
    """`working_days` without the day of receipt (None: an order names the day), `longest_extension` on top of them in
    all, the article (None: the office's own service level), and who has to act."""

    working_days: int | None
    longest_extension: int
    article: int | None
    by: Party


LIMITS = {
    Clock.ANSWER_UNCONDITIONAL: Limit(1, 10, 21, Party.PROVIDER),
    Clock.ANSWER_CONDITIONAL: Limit(10, 10, 21, Party.PROVIDER),
    Clock.DELIVER: Limit(20, 0, 22, Party.PROVIDER),
    Clock.CORRECT: Limit(10, 0, 26, Party.PROVIDER),
    Clock.UPDATE_CATALOGUE: Limit(10, 5, 17, Party.PROVIDER),
    Clock.REVIEW_CATALOGUE: Limit(2, 0, 17, Party.AUTHORITY),
    Clock.RECEIVERS: Limit(3, 0, None, Party.PROVIDER),
    Clock.ACKNOWLEDGE: Limit(3, 0, None, Party.REQUESTER),
    Clock.MEND: Limit(None, 0, 27, Party.REQUESTER),
    Clock.DISPOSE: Limit(None, 0, 27, Party.REQUESTER),
    Clock.DECIDE: Limit(10, 0, None, Party.AUTHORITY),
}


def legal_day(moment: datetime) -> date:
    """The day in Asia/Shanghai of an aware time."""
    if moment.tzinfo is None:
        raise ValueError("a legal day is that of an aware time")
    return moment.astimezone(ZONE).date()


def due(
    clock: Clock, started: datetime, calendar: WorkingDays, *, extension: int = 0
) -> date | PendingCalendar:
    """The last day of a clock that started at an aware time, with the working days granted on top. ValueError for a
    clock whose day an order names."""
    return due_after(clock, legal_day(started), calendar, extension=extension)


def due_after(
    clock: Clock, start: date, calendar: WorkingDays, *, extension: int = 0
) -> date | PendingCalendar:
    """The same of a clock that started on a legal day."""
    limit = LIMITS[clock]
    if limit.working_days is None:
        raise ValueError(f"to {clock} takes until the day that an order names")
    if not 0 <= extension <= limit.longest_extension:
        raise ValueError(f"to {clock} takes at most {limit.longest_extension} working days more")
    return calendar.due(start, limit.working_days + extension)


def overdue(due_day: date | PendingCalendar, now: datetime) -> bool:
    """Whether the day is over. A due date that nobody can tell yet is not over."""
    return not isinstance(due_day, PendingCalendar) and legal_day(now) > due_day
