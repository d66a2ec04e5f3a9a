"""The passing of a legal clock's last day, which is recorded once for each clock and day; shared by `request`,
`correction` and `catalogue_entry`."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from schemas.law.calendar import PendingCalendar
from schemas.law.sharing.limits import LIMITS, Clock, overdue


@dataclass(frozen=True, slots=True)
class Passed:
    """A clock whose last day is over with nothing done."""

    clock: Clock
    due: date

    @property
    def facts(self) -> dict[str, Any]:
        """What the step that records it says."""
        return {
            "clock": self.clock.value,
            "due_on": self.due.isoformat(),
            "article": LIMITS[self.clock].article,
        }

    @classmethod
    def said(cls, facts: Mapping[str, Any]) -> "Passed":
        """The same, from what such a step said."""
        return cls(Clock(facts["clock"]), date.fromisoformat(facts["due_on"]))


def passed(
    running: tuple[Clock, date | PendingCalendar] | None, recorded: frozenset[Passed], now: datetime
) -> Passed | None:
    """The passing that is to be recorded now, of the clock that runs; None where its day is not over, cannot be told
    yet, or is among those `recorded`."""
    if running is None:
        return None
    clock, due = running
    if isinstance(due, PendingCalendar) or not overdue(due, now):
        return None
    found = Passed(clock, due)
    return found if found not in recorded else None
