"""The legal clocks of sharing: how many working days each step may take, by article; asked for due dates."""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from zoneinfo import ZoneInfo

from schemas.law.calendar import PendingCalendar, WorkingDays

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


@dataclass(frozen=True, slots=True)
class Limit:
    """`working_days` without the day of receipt, `longest_extension` on top of them in all, and the article."""

    working_days: int
    longest_extension: int
    article: int


LIMITS = {
    Clock.ANSWER_UNCONDITIONAL: Limit(1, 10, 21),
    Clock.ANSWER_CONDITIONAL: Limit(10, 10, 21),
    Clock.DELIVER: Limit(20, 0, 22),
    Clock.CORRECT: Limit(10, 0, 26),
    Clock.UPDATE_CATALOGUE: Limit(10, 5, 17),
    Clock.REVIEW_CATALOGUE: Limit(2, 0, 17),
}

#: How long a requester keeps its use records, in years (article 29).
KEEP_USE_RECORDS_YEARS = 3


def legal_day(moment: datetime) -> date:
    """The day in Asia/Shanghai of an aware time."""
    if moment.tzinfo is None:
        raise ValueError("a legal day is that of an aware time")
    return moment.astimezone(ZONE).date()


def due(
    clock: Clock, started: datetime, calendar: WorkingDays, *, extension: int = 0
) -> date | PendingCalendar:
    """The last day of a clock that started at an aware time, with the working days granted on top."""
    limit = LIMITS[clock]
    if not 0 <= extension <= limit.longest_extension:
        raise ValueError(f"to {clock} takes at most {limit.longest_extension} working days more")
    return calendar.due(legal_day(started), limit.working_days + extension)


def overdue(due_day: date | PendingCalendar, now: datetime) -> bool:
    """Whether the day is over. A due date that nobody can tell yet is not over."""
    return not isinstance(due_day, PendingCalendar) and legal_day(now) > due_day
