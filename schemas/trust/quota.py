"""How often a grant may be leaned on: calls a day and calls a second; pure, kept in memory by every answering node."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from schemas.law.sharing.limits import ZONE, legal_day
from schemas.trust.model import Grant
from schemas.wire.problem import Problem


@dataclass(slots=True)
class _Bucket:
    """What of a second's calls is left, and since when; it fills as time goes by."""

    left: float
    at: datetime


@dataclass(slots=True)
class Uses:
    """The calls that leaned on grants, by grant id: those of the legal day, and of late. Not shared between threads.

    A day is one of Asia/Shanghai, whatever the zone of `now`, which is aware.
    """

    _day: date = date.min
    _calls: Counter[str] = field(default_factory=Counter)
    _buckets: dict[str, _Bucket] = field(default_factory=dict)

    def take(self, grant: Grant, now: datetime) -> None:
        """One more call. Problem quota-spent or too-many-calls, with Retry-After: then it does not count."""
        self._turn_to(legal_day(now))
        if grant.quota_per_day is not None and self._calls[grant.id] >= grant.quota_per_day:
            raise _refused("quota-spent", grant.quota_per_day, "day", _until_midnight(now))
        if grant.calls_per_second is not None and not self._drop(grant.id, grant.calls_per_second, now):
            raise _refused("too-many-calls", grant.calls_per_second, "second", timedelta(seconds=1))
        self._calls[grant.id] += 1

    def remember(self, day: date, calls: Mapping[str, int]) -> None:
        """All the calls of a legal day that were answered by now, in place of those that were counted here."""
        self._turn_to(day)
        self._calls = Counter(calls)

    def _turn_to(self, day: date) -> None:
        if day > self._day:
            self._day = day
            self._calls.clear()

    def _drop(self, grant: str, rate: int, now: datetime) -> bool:
        """Whether there is one left; a clock that goes back fills nothing."""
        bucket = self._buckets.setdefault(grant, _Bucket(rate, now))
        gone = max((now - bucket.at).total_seconds(), 0.0)
        bucket.left = min(bucket.left + gone * rate, rate)
        bucket.at = max(bucket.at, now)
        if bucket.left < 1:
            return False
        bucket.left -= 1
        return True


def _until_midnight(now: datetime) -> timedelta:
    local = now.astimezone(ZONE)
    midnight = (local + timedelta(days=1)).replace(hour=0, minute=0, second=0, microsecond=0)
    return midnight - local


def _refused(code: str, limit: int, per: str, wait: timedelta) -> Problem:
    seconds = max(1, -(-wait // timedelta(seconds=1)))
    return Problem(
        code,
        f"The grant allows {limit} calls a {per}.",
        members={"limit": limit},
        headers={"Retry-After": str(seconds)},
    )
