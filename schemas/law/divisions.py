"""Administrative divisions, each valid for a date: a tree province > city > county; for coverage and disputes."""

import re
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from functools import cache

from schemas.law.division_table import ROWS

_CODE = re.compile(r"[1-9][0-9]{5}")


class Level(StrEnum):
    """A division's level, by its code."""

    PROVINCE = "province"
    CITY = "city"
    COUNTY = "county"


class UnknownDivision(ValueError):
    """No such division, or not on that day."""


@dataclass(frozen=True, slots=True)
class Division:
    """One division while its code is valid: `first` is the first day, `end` the first day that it is no more."""

    code: str
    name: str
    first: date | None
    end: date | None

    def valid_on(self, day: date) -> bool:
        return (self.first is None or self.first <= day) and (self.end is None or day < self.end)


def level_of(code: str) -> Level:
    """The level that a code tells; raises UnknownDivision unless it has six digits."""
    if not _CODE.fullmatch(code):
        raise UnknownDivision("a division code has six digits, and does not begin with 0")
    if code.endswith("0000"):
        return Level.PROVINCE
    return Level.CITY if code.endswith("00") else Level.COUNTY


def parent_of(code: str) -> str | None:
    """The next division up; None above a province."""
    level = level_of(code)
    if level is Level.PROVINCE:
        return None
    return code[:2] + "0000" if level is Level.CITY else code[:4] + "00"


def ancestors(code: str) -> tuple[str, ...]:
    """The code itself, then each division above it."""
    parent = parent_of(code)
    return (code,) if parent is None else (code, *ancestors(parent))


def within(code: str, area: str) -> bool:
    """Whether a division lies in an area (a division lies in itself)."""
    return area in ancestors(code)


def lowest_common_ancestor(one: str, other: str) -> str | None:
    """Who decides between two divisions; None across provinces."""
    above = set(ancestors(other))
    return next((code for code in ancestors(one) if code in above), None)


def find(code: str, day: date) -> Division:
    """The division of that code on that day; raises UnknownDivision."""
    division = _table().get(code)
    if division is None:
        raise UnknownDivision("the division code is not known here")
    if not division.valid_on(day):
        raise UnknownDivision(f"the division code is not valid on {day}")
    return division


def name(code: str, day: date) -> str:
    """The Chinese name of a division on a day; raises UnknownDivision."""
    return find(code, day).name


def valid_on(code: str, day: date) -> bool:
    """Whether a code stands for a division on a day."""
    division = _table().get(code)
    return division is not None and division.valid_on(day)


def children_of(area: str, day: date) -> tuple[Division, ...]:
    """The divisions next below an area on a day, by code."""
    return tuple(one for one in _table().values() if parent_of(one.code) == area and one.valid_on(day))


def counties_of(area: str, day: date) -> tuple[Division, ...]:
    """The county-level divisions of a province, city or county on a day, by code."""
    return tuple(
        one
        for one in _table().values()
        if level_of(one.code) is Level.COUNTY and within(one.code, area) and one.valid_on(day)
    )


@cache
def _table() -> dict[str, Division]:
    rows = (line.split(",") for line in ROWS.splitlines())
    return {code: Division(code, name, _day(first), _day(end)) for code, name, first, end in rows}


def _day(text: str) -> date | None:
    return date.fromisoformat(text) if text else None
