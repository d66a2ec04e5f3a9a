"""Single spellings: texts to numbers, days and times and back, None where a text is none; called by `codecs` alone."""

import re
from datetime import UTC, date, datetime
from decimal import ROUND_HALF_UP, Context, Decimal, InvalidOperation
from itertools import product
from typing import TypeGuard
from zoneinfo import ZoneInfo

#: The most digits of an amount at its scale, as in `schemas.query.values`.
AMOUNT_DIGITS = 28
#: What a binary real's units at its scale stay below, to be exact.
REAL_UNITS = 1e15

_ROUNDED = Context(prec=AMOUNT_DIGITS, rounding=ROUND_HALF_UP, traps=[InvalidOperation])
_WHOLE = re.compile(r"([+-]?)0*(\d{1,16})", re.ASCII)
_AMOUNT = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)", re.ASCII)
_DAY = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})", re.ASCII)
_TIME = re.compile(r"\d{4}-\d{2}-\d{2} \d{2}:\d{2}:\d{2}(\.\d{1,6})?", re.ASCII)


def capitals(text: str) -> str:
    """Capitals for a–z alone, which is what both databases can say."""
    return text.upper() if text.isascii() else _raised(text)


def small(text: str) -> str:
    """Small letters for A–Z alone."""
    return text.lower() if text.isascii() else _lowered(text)


def _raised(text: str) -> str:
    return text.encode(errors="surrogatepass").upper().decode(errors="surrogatepass")


def _lowered(text: str) -> str:
    return text.encode(errors="surrogatepass").lower().decode(errors="surrogatepass")


def whole(text: str) -> int | None:
    """`[+-]digits`, at most 16 of them after leading zeros."""
    found = _WHOLE.fullmatch(text)
    return int(found[1] + found[2]) if found else None


def amount(text: str) -> Decimal | None:
    """`[+-]digits[.digits]` or `[+-].digits`, exactly."""
    return Decimal(text) if _AMOUNT.fullmatch(text) else None


def number(stored: object) -> Decimal | None:
    """A driver's exact number."""
    return Decimal(stored) if isinstance(stored, (int, Decimal)) and not isinstance(stored, bool) else None


def real_at_scale(stored: float, scale: int) -> Decimal | None:
    """A binary real rounded to a scale, half away from zero; None beyond the 15 digits that such a real keeps.

    By the real's own arithmetic, so that SQL can do the very same.
    """
    units = abs(stored) * 10.0**scale + 0.5
    if not units < REAL_UNITS:
        return None
    fixed = Decimal(int(units)).scaleb(-scale)
    return -fixed if stored < 0 and fixed else fixed


def at_scale(exact: Decimal | None, scale: int) -> Decimal | None:
    """Rounded to a scale, half away from zero; None when it has more than 28 digits there, or is no number."""
    if exact is None or not exact.is_finite():
        return None
    try:
        fixed = exact.quantize(Decimal(1).scaleb(-scale), context=_ROUNDED)
    except InvalidOperation:
        return None
    return fixed if fixed else fixed.copy_abs()


def is_day(value: object) -> TypeGuard[date]:
    """A date that is not a time as well, as Python's datetime would be."""
    return isinstance(value, date) and not isinstance(value, datetime)


def day(text: str) -> date | None:
    """`YYYY-M-D`, month and day with or without a leading zero."""
    found = _DAY.fullmatch(text)
    try:
        return date(int(found[1]), int(found[2]), int(found[3])) if found else None
    except ValueError:
        return None


def day_spellings(value: date) -> tuple[str, ...]:
    """Every text that `day` reads as this date, the one with leading zeros first."""
    year, month, of_month = value.isoformat().split("-")
    both = (dict.fromkeys((part, part.lstrip("0"))) for part in (month, of_month))
    return tuple(f"{year}-{one}-{other}" for one, other in product(*both))


def local_time(text: str) -> datetime | None:
    """`YYYY-MM-DD HH:MM:SS[.ffffff]`, a time without zone."""
    try:
        return datetime.fromisoformat(text) if _TIME.fullmatch(text) else None
    except ValueError:
        return None


def local_spellings(local: datetime) -> tuple[str, ...]:
    """Every text that `local_time` reads as this time, the shortest first."""
    seconds, digits = local.replace(microsecond=0).isoformat(" "), f"{local.microsecond:06d}"
    fewest = len(digits.rstrip("0"))
    return tuple(f"{seconds}.{digits[:length]}".rstrip(".") for length in range(fewest, 7))


def instant(local: datetime, zone: str) -> datetime | None:
    """The instant in UTC at which a zone's clocks show a time.

    An hour that the clocks showed twice is taken for its second pass, and one that they left out is counted on from
    the time before it: the smaller offset in both cases, as PostgreSQL's `AT TIME ZONE` has it.
    """
    offsets = (local.replace(tzinfo=ZoneInfo(zone), fold=fold).utcoffset() for fold in (0, 1))
    try:
        return (local - min(one for one in offsets if one is not None)).replace(tzinfo=UTC)
    except OverflowError:
        return None


def clock(value: datetime, zone: str) -> datetime | None:
    """The time that a zone's clocks show at an instant."""
    try:
        return value.astimezone(ZoneInfo(zone)).replace(tzinfo=None, fold=0)
    except OverflowError:
        return None
