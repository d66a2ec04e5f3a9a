"""The majors that a department ends on a day its users were told, as its data office signed it; asked by the node at
each call, and by whoever says who may read its topics."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from email.utils import format_datetime
from typing import Any

from schemas.law.sharing.limits import ZONE, legal_day
from schemas.trust.signed import DocumentRefused, moment, text_of
from schemas.wire import headers as names
from schemas.wire.problem import Problem

MEMBER = "retiring"


@dataclass(frozen=True, slots=True)
class Retirement:
    """The end of one major of a dataset: `noticed` (aware) is when its users were told, `ends` the first legal day on
    which it is no more. `over`: its office has closed it, whatever this clock says. `provider` is the department whose
    major it is, None: that of whoever reads it."""

    dataset: str
    major: int
    noticed: datetime
    ends: date
    over: bool = False
    provider: str | None = None

    def is_over(self, now: datetime) -> bool:
        """Whether it is no more at an aware time."""
        return self.over or legal_day(now) >= self.ends

    @property
    def facts(self) -> dict[str, Any]:
        """It as a document lists it."""
        return {
            "dataset": self.dataset,
            "major": self.major,
            "noticed": self.noticed.isoformat(),
            "ends": self.ends.isoformat(),
            "over": self.over,
            **({} if self.provider is None else {"provider": self.provider}),
        }

    @property
    def headers(self) -> dict[str, str]:
        """The notice that an answer by it carries: since when it is deprecated (RFC 9745), when it ends (RFC 8594)."""
        return notice(self.noticed, self.ends)


Retirements = Mapping[tuple[str, int], Retirement]


def over(retiring: Retirements, now: datetime) -> frozenset[tuple[str, int]]:
    """Those, by dataset and major, that are no more at an aware time."""
    return frozenset(major for major, one in retiring.items() if one.is_over(now))


def notice(noticed: datetime, ends: date) -> dict[str, str]:
    """The headers of a notice given at an aware time, for something that ends as a legal day begins."""
    ending = datetime(ends.year, ends.month, ends.day, tzinfo=ZONE).astimezone(UTC)
    return {
        names.DEPRECATION: f"@{int(noticed.timestamp())}",
        names.SUNSET: format_datetime(ending, usegmt=True),
    }


def read(document: Mapping[str, Any], owner: str) -> Retirements:
    """Those of a department's majors that a signed document lists, where it lists any; raises DocumentRefused."""
    listed = document.get(MEMBER, [])
    if not isinstance(listed, list) or not all(isinstance(one, dict) for one in listed):
        raise DocumentRefused("malformed", f"{MEMBER} must be a list of objects")
    found = [_retirement(one) for one in listed]
    return {(one.dataset, one.major): one for one in found if one.provider in (None, owner)}


def answered(
    dataset: str, majors: Sequence[int], asked: int | None, retiring: Retirements, now: datetime
) -> int | None:
    """The major by which a question is answered that asks for one, or for none: then the lowest that goes on, None
    where that is the lowest of all. `majors` are those that there is a contract of. Problem major-retired."""
    left = [one for one in majors if not _is_over(dataset, one, retiring, now)]
    if asked is None and left:
        return None if left[0] == majors[0] else left[0]
    wanted = max(majors, default=0) if asked is None else asked
    if _is_over(dataset, wanted, retiring, now):
        raise _retired(retiring[dataset, wanted], left)
    return asked


def _is_over(dataset: str, major: int, retiring: Retirements, now: datetime) -> bool:
    found = retiring.get((dataset, major))
    return found is not None and found.is_over(now)


def _retired(one: Retirement, left: Sequence[int]) -> Problem:
    instead = max(left, default=None)
    said = f"{one.dataset} is not served in version {one.major} any more, which ended on {one.ends}"
    return Problem(
        "major-retired",
        f"{said}; ask for version {instead}." if left else f"{said}; no version followed it.",
        f"Send Contract-Version: {instead}." if left else None,
        {
            "dataset": one.dataset,
            "version": one.major,
            "ended_on": one.ends.isoformat(),
            "instead": instead,
            "versions": list(left),
        },
    )


def _retirement(one: Mapping[str, Any]) -> Retirement:
    major, over = one.get("major"), one.get("over", False)
    if type(major) is not int or major < 0 or not isinstance(over, bool):
        raise DocumentRefused("malformed", "what retires is a major, over or not")
    try:
        ends = date.fromisoformat(text_of(one, "ends"))
        notice(noticed := moment(one, "noticed"), ends)
    except (ValueError, OverflowError) as fault:
        raise DocumentRefused("malformed", "ends is a day such as 2027-03-01") from fault
    provider = None if one.get("provider") is None else text_of(one, "provider")
    return Retirement(text_of(one, "dataset"), major, noticed, ends, over, provider)
