"""Who used a major that retires, and when last, as a department's node tells its data office; pure, used by both."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

import orjson

from schemas.wire.problem import Problem

#: Where an office is told, followed by the department's id.
PATH = "/office/uses/"
#: Longest body, in bytes, and most members in it.
LONGEST = 1024 * 1024
_MOST = 10_000
_MEMBERS = frozenset({"dataset", "major", "used"})
#: The office lists members in one text, with commas between them; empty: a caller who is no member's.
_WHO = re.compile(r"[^,\s\x00-\x1f]{0,200}")


@dataclass(frozen=True, slots=True)
class Uses:
    """The members that used a major of a dataset, by its department's access log, with the legal day of their last use;
    "" is whoever asked without a token."""

    dataset: str
    major: int
    used: Mapping[str, date]

    def body(self) -> bytes:
        used = {who: day.isoformat() for who, day in self.used.items()}
        return orjson.dumps({"dataset": self.dataset, "major": self.major, "used": used})


def read_uses(body: bytes) -> Uses:
    """What a body tells; Problem bad-body names the member that does not fit, and no value."""
    try:
        said = orjson.loads(body)
    except orjson.JSONDecodeError:
        raise _bad("it is no JSON") from None
    if not isinstance(said, dict) or said.keys() != _MEMBERS:
        raise _bad("it has the members dataset, major and used")
    dataset, major = said["dataset"], said["major"]
    if not isinstance(dataset, str) or type(major) is not int:
        raise _bad("dataset is a text, and major a whole number")
    return Uses(dataset, major, _used(said["used"]))


def _used(said: Any) -> dict[str, date]:
    if not isinstance(said, dict) or len(said) > _MOST or not all(map(_WHO.fullmatch, said)):
        raise _bad(f"used has at most {_MOST} members by their ids")
    try:
        return {who: date.fromisoformat(day) for who, day in said.items()}
    except (TypeError, ValueError):
        raise _bad("used gives each member a day such as 2026-12-31") from None


def _bad(what: str) -> Problem:
    return Problem("bad-body", f"The body does not tell who used a major: {what}.")
