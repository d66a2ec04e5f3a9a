"""The codecs: how columns spell values, both ways, pure; chosen by departments' mappings, used by store and relay.

A codec reads what its column holds by declaration and nothing else: SQL NULL, a null mark and any spelling that it
cannot read are null (DECISIONS 7). It writes null as SQL NULL. The SQL twins in `source.sql.expressions` say the same.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from functools import cache
from typing import Any

from schemas.query.bound import Value
from schemas.query.values import MAX_INTEGER
from services.engine.mapping import spelling
from services.engine.mapping.model import Codec, Stored

#: What a date without end reads as.
FOR_EVER = date(9999, 12, 31)
#: How departments' tables write null, where they do not leave it out.
NULL_MARKS = ("\\N",)

Spellings = tuple[Stored, ...] | None


class Unspellable(ValueError):
    """No stored spelling reads as this value, so that it cannot be written; never says which value."""

    def __init__(self) -> None:
        super().__init__("the column has no spelling for this value")


@dataclass(frozen=True, slots=True)
class Text:
    """Text as it is, but for the spellings that stand for null."""

    null_marks: tuple[str, ...] = NULL_MARKS

    def decode(self, stored: Stored) -> Value:
        return stored if isinstance(stored, str) and stored not in self.null_marks else None

    def encode(self, value: Value) -> Stored:
        return _readable(self, value, value)

    def spellings(self, value: Value) -> Spellings:
        return _reading_as(self, value, value)


@dataclass(frozen=True, slots=True)
class Upper:
    """Codes whose letters A–Z are capitals (credit codes, ID numbers), kept all in capitals or all in small letters.

    Mixed case is unreadable: so `IN (capitals, small)` finds exactly what reads as the value. Null marks are given
    in capitals, and read in small letters as well.
    """

    null_marks: tuple[str, ...] = NULL_MARKS

    def decode(self, stored: Stored) -> Value:
        if not isinstance(stored, str):
            return None
        capitals = spelling.capitals(stored)
        readable = stored in (capitals, spelling.small(stored)) and capitals not in self.null_marks
        return capitals if readable else None

    def encode(self, value: Value) -> Stored:
        return _readable(self, value, value)

    def spellings(self, value: Value) -> Spellings:
        if value is None:
            return None
        if not isinstance(value, str) or self.decode(value) != value:
            return ()
        small = spelling.small(value)
        return (value,) if small == value else (value, small)


@dataclass(frozen=True, slots=True)
class Coded:
    """A code table: stored code (text or whole number) -> value; of codes with one value the first is written."""

    codes: Mapping[Any, str] = field(hash=False)

    def decode(self, stored: Stored) -> Value:
        return self.codes.get(stored) if isinstance(stored, (str, int)) else None

    def encode(self, value: Value) -> Stored:
        return _first(self.spellings(value))

    def spellings(self, value: Value) -> Spellings:
        return None if value is None else tuple(code for code, one in self.codes.items() if one == value)


@dataclass(frozen=True, slots=True)
class Flag:
    """Yes or no by the spellings of each, the first of which is written; a boolean column: `(True,)` and `(False,)`."""

    true: tuple[str | int, ...]
    false: tuple[str | int, ...]

    def decode(self, stored: Stored) -> Value:
        if not isinstance(stored, (str, int)):
            return None
        return True if stored in self.true else False if stored in self.false else None

    def encode(self, value: Value) -> Stored:
        return _first(self.spellings(value))

    def spellings(self, value: Value) -> Spellings:
        return None if value is None else self.true if value is True else self.false if value is False else ()


@dataclass(frozen=True, slots=True)
class Whole:
    """Whole numbers within ±(2⁵³ − 1): `[+-]digits` in a text column, or a column of integers."""

    text: bool

    def decode(self, stored: Stored) -> Value:
        if self.text:
            stored = spelling.whole(stored) if isinstance(stored, str) else None
        if not isinstance(stored, int) or isinstance(stored, bool):
            return None
        return stored if abs(stored) <= MAX_INTEGER else None

    def encode(self, value: Value) -> Stored:
        return _readable(self, value, str(value) if self.text else value)

    def spellings(self, value: Value) -> Spellings:
        return None if self.text else _reading_as(self, value, value)


@dataclass(frozen=True, slots=True)
class Amount:
    """Exact decimals at a scale, of at most 28 digits at that scale.

    Text column: `[+-]digits[.digits]` or `[+-].digits`; with digits beyond the scale, other than 0, it is unreadable.
    Numeric column: rounded to the scale, half away from zero, because SQLite keeps binary reals there (beyond their
    15 digits they are unreadable).
    """

    scale: int
    text: bool

    def decode(self, stored: Stored) -> Value:
        if isinstance(stored, float):
            return None if self.text else spelling.real_at_scale(stored, self.scale)
        if not self.text:
            return spelling.at_scale(spelling.number(stored), self.scale)
        exact = spelling.amount(stored) if isinstance(stored, str) else None
        fixed = spelling.at_scale(exact, self.scale)
        return fixed if fixed == exact else None

    def encode(self, value: Value) -> Stored:
        fixed = spelling.at_scale(value if isinstance(value, Decimal) else None, self.scale)
        return _readable(self, value, format(fixed, "f") if self.text and fixed is not None else fixed)

    def spellings(self, value: Value) -> Spellings:
        return None


@dataclass(frozen=True, slots=True)
class LooseDate:
    """Dates as text `YYYY-M-D`, month and day with or without a leading zero; written with it.

    `forever` is the spelling of a date without end, such as `9999-9-9`; it reads as 9999-12-31 and is written back.
    """

    forever: str | None = None

    @property
    def forever_marks(self) -> tuple[str, ...]:
        """Every spelling of the date without end but 9999-12-31's own: with `9999-9-9` also `9999-09-09`."""
        return _forever_marks(self.forever)

    def decode(self, stored: Stored) -> Value:
        if not isinstance(stored, str):
            return None
        return FOR_EVER if stored in self.forever_marks else spelling.day(stored)

    def encode(self, value: Value) -> Stored:
        return _first(self.spellings(value))

    def spellings(self, value: Value) -> Spellings:
        marks = self.forever_marks if value == FOR_EVER else ()
        days = spelling.day_spellings(value) if spelling.is_day(value) else ()
        return _reading_as(self, value, *marks, *days)


@dataclass(frozen=True, slots=True)
class NativeDate:
    """Dates in a date column, of the years 1 to 9999 (SQLite: ISO text)."""

    def decode(self, stored: Stored) -> Value:
        if isinstance(stored, str):
            return spelling.day(stored) if len(stored) == len("2026-01-31") else None
        return stored if spelling.is_day(stored) else None

    def encode(self, value: Value) -> Stored:
        return _readable(self, value, value)

    def spellings(self, value: Value) -> Spellings:
        return _reading_as(self, value, value)


@dataclass(frozen=True, slots=True)
class TextTimestamp:
    """Times as text `YYYY-MM-DD HH:MM:SS[.ffffff]` by a zone's clocks; read as instants in UTC."""

    zone: str = "Asia/Shanghai"

    def decode(self, stored: Stored) -> Value:
        local = spelling.local_time(stored) if isinstance(stored, str) else None
        return None if local is None else spelling.instant(local, self.zone)

    def encode(self, value: Value) -> Stored:
        return _first(self.spellings(value))

    def spellings(self, value: Value) -> Spellings:
        local = spelling.clock(value, self.zone) if isinstance(value, datetime) else None
        return _reading_as(self, value, *(spelling.local_spellings(local) if local else ()))


@dataclass(frozen=True, slots=True)
class NativeTimestamp:
    """Times in a timestamp column without zone, by a zone's clocks (SQLite: ISO text, with a space or a T)."""

    zone: str = "Asia/Shanghai"

    def decode(self, stored: Stored) -> Value:
        local = spelling.local_time(stored.replace("T", " ")) if isinstance(stored, str) else stored
        if not isinstance(local, datetime) or local.tzinfo is not None:
            return None
        return spelling.instant(local, self.zone)

    def encode(self, value: Value) -> Stored:
        return _readable(
            self, value, spelling.clock(value, self.zone) if isinstance(value, datetime) else None
        )

    def spellings(self, value: Value) -> Spellings:
        return None


def _readable(codec: Codec, value: Value, stored: Stored) -> Stored:
    """The stored spelling, once it is known to read as the value; raises Unspellable."""
    if value is None:
        return None
    if codec.decode(stored) != value:
        raise Unspellable
    return stored


def _reading_as(codec: Codec, value: Value, *stored: Stored) -> Spellings:
    """Those of the spellings that read as the value, each once. Null has no list: what is unreadable has no end."""
    if value is None:
        return None
    return tuple(one for one in dict.fromkeys(stored) if codec.decode(one) == value)


def _first(spellings: Spellings) -> Stored:
    """The canonical spelling; raises Unspellable."""
    if spellings is None:
        return None
    if not spellings:
        raise Unspellable
    return spellings[0]


@cache
def _forever_marks(forever: str | None) -> tuple[str, ...]:
    if forever is None:
        return ()
    day = spelling.day(forever)
    return tuple(dict.fromkeys((forever, *(spelling.day_spellings(day) if day else ()))))
