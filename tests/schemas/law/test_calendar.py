"""Working days: the published vectors, make-up days, loaded years, and never a guess beyond what is known."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.law.calendar import BadCalendar, PendingCalendar, WorkingDays, legal_day

KNOWN = WorkingDays()
#: A year that no library knows yet, with made-up days.
FAR = 2090
FAR_CALENDAR = {
    "holidays": ["2090-01-02", "2090-05-01", "2090-10-02", "2090-10-03", "2089-12-30"],
    "working": ["2090-01-07", "2090-09-30"],
}
LOADED = KNOWN.with_year(FAR, FAR_CALENDAR)
STARTS = st.dates(date(2004, 1, 1), date(2025, 6, 30))
CLOCKS = st.integers(1, 60)


@pytest.mark.parametrize(
    ("start", "working_days", "due"),
    [
        (date(2025, 9, 26), 1, date(2025, 9, 28)),
        (date(2025, 9, 26), 10, date(2025, 10, 16)),
        (date(2025, 9, 26), 20, date(2025, 10, 30)),
        (date(2025, 4, 30), 2, date(2025, 5, 7)),
        (date(2026, 2, 12), 10, date(2026, 3, 4)),
    ],
)
def test_legal_clocks_end_on_the_published_days(start: date, working_days: int, due: date) -> None:
    assert KNOWN.due(start, working_days) == due


def test_a_make_up_sunday_is_a_working_day_and_a_holiday_wednesday_is_not() -> None:
    assert KNOWN.is_working_day(date(2025, 9, 28)) is True
    assert KNOWN.is_working_day(date(2025, 10, 1)) is False


@given(STARTS, CLOCKS)
def test_a_clock_counts_exactly_its_working_days(start: date, working_days: int) -> None:
    due = KNOWN.due(start, working_days)
    assert isinstance(due, date)
    days = [start + timedelta(days=n) for n in range(1, (due - start).days + 1)]
    assert sum(KNOWN.is_working_day(day) is True for day in days) == working_days
    assert KNOWN.is_working_day(due) is True


@given(STARTS, CLOCKS, CLOCKS)
def test_one_clock_after_another_ends_as_one_long_clock(start: date, first: int, second: int) -> None:
    middle = KNOWN.due(start, first)
    assert isinstance(middle, date)
    assert KNOWN.due(middle, second) == KNOWN.due(start, first + second)


@given(STARTS, CLOCKS, st.integers(0, 30))
def test_a_later_start_never_ends_earlier(start: date, working_days: int, later: int) -> None:
    early, late = KNOWN.due(start, working_days), KNOWN.due(start + timedelta(days=later), working_days)
    assert isinstance(early, date)
    assert isinstance(late, date)
    assert early <= late


@given(st.dates(date(2091, 1, 1), date(2200, 1, 1)), CLOCKS)
def test_beyond_the_known_years_the_due_date_is_pending_and_never_guessed(
    start: date, working_days: int
) -> None:
    assert isinstance(LOADED.due(start, working_days), PendingCalendar)


def test_a_clock_that_runs_into_an_unknown_year_is_pending_until_that_year_is_loaded() -> None:
    start = date(FAR, 12, 20)
    assert LOADED.due(start, 30) == PendingCalendar(FAR + 1)
    more = LOADED.with_year(FAR + 1, {"holidays": ["2091-01-01"], "working": []})
    assert isinstance(more.due(start, 30), date)
    assert KNOWN.due(start, 1) == PendingCalendar(FAR)


def test_a_clock_from_the_last_day_of_all_is_pending_too() -> None:
    assert WorkingDays().due(date.max, 1) == PendingCalendar(date.max.year)


def test_a_year_before_all_calendars_is_pending_too() -> None:
    assert KNOWN.due(date(1999, 5, 1), 3) == PendingCalendar(1999)


def test_a_loaded_year_follows_its_holidays_and_make_up_days() -> None:
    assert LOADED.is_working_day(date(2090, 1, 2)) is False
    assert LOADED.is_working_day(date(2090, 1, 7)) is True
    assert LOADED.is_working_day(date(2090, 1, 4)) is True
    assert LOADED.is_working_day(date(2090, 1, 8)) is False


def test_a_loaded_year_replaces_the_librarys() -> None:
    corrected = KNOWN.with_year(2025, {"holidays": ["2025-10-01"], "working": []})
    assert corrected.is_working_day(date(2025, 9, 28)) is False
    assert corrected.is_working_day(date(2024, 9, 29)) is True


def test_days_of_the_december_before_leave_the_rest_of_that_year_as_it_is_known() -> None:
    assert LOADED.is_working_day(date(2089, 12, 29)) == PendingCalendar(2089)
    settled = KNOWN.with_year(2025, {"holidays": ["2025-01-01", "2024-12-31"]})
    assert settled.is_working_day(date(2024, 12, 31)) is False
    assert settled.is_working_day(date(2024, 10, 1)) is False


@pytest.mark.parametrize(
    "document",
    [
        {},
        {"holidays": []},
        {"holidays": "2090-01-01"},
        {"holidays": ["2091-01-01"]},
        {"holidays": ["2089-11-30"]},
        {"holidays": ["2089-12-31"]},
        {"holidays": ["2090-02-30"]},
        {"holidays": ["2090-01-01"], "working": ["2090-01-01"]},
    ],
)
def test_a_calendar_that_cannot_be_right_is_refused(document: dict[str, object]) -> None:
    with pytest.raises(BadCalendar):
        KNOWN.with_year(FAR, document)


def test_a_clock_of_no_days_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one"):
        KNOWN.due(date(2025, 1, 1), 0)


def test_the_legal_day_is_that_of_shanghai() -> None:
    assert legal_day(datetime(2025, 12, 31, 16, 0, tzinfo=UTC)) == date(2026, 1, 1)
    assert legal_day(datetime(2025, 12, 31, 15, 59, tzinfo=UTC)) == date(2025, 12, 31)
    with pytest.raises(ValueError, match="time zone"):
        legal_day(datetime(2025, 12, 31, 16, 0))  # noqa: DTZ001
