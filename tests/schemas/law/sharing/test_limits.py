"""Legal clocks: so many working days of Asia/Shanghai, the day of receipt not counted."""

from datetime import UTC, date, datetime

import pytest

from schemas.law.calendar import PendingCalendar, WorkingDays
from schemas.law.sharing.limits import Clock, due, legal_day, overdue

_CALENDAR = WorkingDays()


@pytest.mark.parametrize(
    ("clock", "started", "last"),
    [
        (Clock.ANSWER_UNCONDITIONAL, date(2025, 9, 26), date(2025, 9, 28)),
        (Clock.ANSWER_CONDITIONAL, date(2025, 9, 26), date(2025, 10, 16)),
        (Clock.DELIVER, date(2025, 9, 26), date(2025, 10, 30)),
        (Clock.REVIEW_CATALOGUE, date(2025, 4, 30), date(2025, 5, 7)),
        (Clock.CORRECT, date(2026, 2, 12), date(2026, 3, 4)),
    ],
)
def test_a_clock_ends_on_the_day_that_the_calendar_of_the_state_gives(
    clock: Clock, started: date, last: date
) -> None:
    noon = datetime(started.year, started.month, started.day, 4, tzinfo=UTC)
    assert due(clock, noon, _CALENDAR) == last


def test_an_evening_in_utc_is_the_next_day_in_shanghai() -> None:
    assert legal_day(datetime(2026, 3, 2, 16, 30, tzinfo=UTC)) == date(2026, 3, 3)


def test_a_day_is_over_when_it_is_over_in_shanghai() -> None:
    last = date(2026, 3, 3)
    assert not overdue(last, datetime(2026, 3, 3, 15, 59, tzinfo=UTC))
    assert overdue(last, datetime(2026, 3, 3, 16, 0, tzinfo=UTC))


def test_a_clock_that_runs_beyond_the_known_calendars_is_pending_and_not_over() -> None:
    found = due(Clock.DELIVER, datetime(2098, 12, 20, 4, tzinfo=UTC), _CALENDAR)
    assert found == PendingCalendar(2098)
    assert not overdue(found, datetime(2199, 1, 1, tzinfo=UTC))


def test_more_than_the_law_grants_on_top_is_no_clock() -> None:
    with pytest.raises(ValueError, match="at most 10 working days"):
        due(Clock.ANSWER_CONDITIONAL, datetime(2026, 3, 2, 4, tzinfo=UTC), _CALENDAR, extension=11)


def test_a_time_without_zone_has_no_legal_day() -> None:
    with pytest.raises(ValueError, match="aware"):
        legal_day(datetime(2026, 3, 2))  # noqa: DTZ001 that is what is refused
