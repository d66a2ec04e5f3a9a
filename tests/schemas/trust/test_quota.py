"""Quotas: a grant is leaned on so often a day of Asia/Shanghai and so often a second, and no oftener."""

from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as some

from schemas.law.sharing.limits import legal_day
from schemas.trust.model import Grant
from schemas.trust.quota import Uses
from schemas.wire.problem import Problem

#: 23:59:30 in Shanghai.
_LATE = datetime(2026, 5, 1, 15, 59, 30, tzinfo=UTC)
_MINUTE = timedelta(minutes=1)


def grant(per_day: int | None = None, per_second: int | None = None, name: str = "G-1") -> Grant:
    began = datetime(2026, 1, 1, tzinfo=UTC)
    return Grant(
        id=name,
        member="330200.credit",
        dataset="taxation.arrears",
        items=("amount",),
        purpose="test",
        not_before=began,
        expires=began + timedelta(days=365),
        quota_per_day=per_day,
        calls_per_second=per_second,
    )


def refused(uses: Uses, one: Grant, now: datetime) -> Problem:
    with pytest.raises(Problem) as refusal:
        uses.take(one, now)
    return refusal.value


def test_a_days_calls_are_spent_until_midnight_in_shanghai() -> None:
    uses, mine = Uses(), grant(per_day=2)
    uses.take(mine, _LATE)
    uses.take(mine, _LATE)
    problem = refused(uses, mine, _LATE)
    assert (problem.code, problem.status, problem.headers["Retry-After"]) == ("quota-spent", 429, "30")
    uses.take(mine, _LATE + _MINUTE)


def test_one_grants_calls_are_not_anothers() -> None:
    uses = Uses()
    uses.take(grant(per_day=1), _LATE)
    uses.take(grant(per_day=1, name="G-2"), _LATE)
    refused(uses, grant(per_day=1), _LATE)


def test_what_was_spent_before_a_restart_is_spent() -> None:
    uses = Uses()
    uses.remember(legal_day(_LATE), Counter({"G-1": 2}))
    assert refused(uses, grant(per_day=2), _LATE).code == "quota-spent"
    uses.take(grant(per_day=2), _LATE + _MINUTE)


def test_what_is_refused_is_not_spent() -> None:
    uses, mine = Uses(), grant(per_day=2, per_second=1)
    uses.take(mine, _LATE)
    problem = refused(uses, mine, _LATE)
    assert (problem.code, problem.headers["Retry-After"]) == ("too-many-calls", "1")
    uses.take(mine, _LATE + timedelta(seconds=1))


def test_a_clock_that_goes_back_gives_nothing() -> None:
    uses, mine = Uses(), grant(per_day=1)
    uses.take(mine, _LATE + _MINUTE)
    assert refused(uses, mine, _LATE).code == "quota-spent"


@given(some.integers(1, 5), some.lists(some.floats(0, 3), max_size=60))
def test_in_no_second_are_there_more_calls_than_twice_the_rate(rate: int, pauses: list[float]) -> None:
    """A second's worth may have gathered, and another comes in that second."""
    uses, mine, now, allowed = Uses(), grant(per_second=rate), _LATE, []
    for pause in pauses:
        now += timedelta(seconds=pause)
        try:
            uses.take(mine, now)
        except Problem:
            continue
        allowed.append(now)
    for first in allowed:
        within = [one for one in allowed if first <= one < first + timedelta(seconds=1)]
        assert len(within) <= 2 * rate


@given(some.integers(0, 8), some.integers(1, 5))
def test_of_many_calls_as_many_are_let_through_as_the_grant_says(calls: int, quota: int) -> None:
    uses, let = Uses(), 0
    for _ in range(calls):
        try:
            uses.take(grant(per_day=quota), _LATE)
        except Problem:
            continue
        let += 1
    assert let == min(calls, quota)
