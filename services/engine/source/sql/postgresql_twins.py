"""The codecs' twins on PostgreSQL: patterns guard every cast, so that no stored spelling can fail a statement; asked by
`layout`."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from schemas.query.bound import Value
from schemas.query.values import MAX_INTEGER
from services.engine.mapping import codecs
from services.engine.mapping.model import Codec
from services.engine.mapping.spelling import AMOUNT_DIGITS
from services.engine.source.sql.expressions import (
    Reading,
    Twin,
    coded,
    flag,
    listed,
    untypical,
)
from services.engine.source.sql.zones import steps

_LEAP = "([0-9]{2}(0[48]|[2468][048]|[13579][26])|([02468][048]|[13579][26])00)"
_SPELT_DAY = (
    "([0-9]{4}-(0?[13578]|1[02])-(0?[1-9]|[12][0-9]|3[01])|[0-9]{4}-(0?[469]|11)-(0?[1-9]|[12][0-9]|30)"
    f"|[0-9]{{4}}-0?2-(0?[1-9]|1[0-9]|2[0-8])|{_LEAP}-0?2-29)"
)
_DAY = f"^(?!0000){_SPELT_DAY}$"
_TIME = r"^[0-9]{4}-[0-9]{2}-[0-9]{2} ([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\.[0-9]{1,6})?$"
_WHOLE = "^[+-]?0*[0-9]{1,16}$"
_AMOUNT = r"^[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)$"
#: Beyond this PostgreSQL's own decimals fail; nobody writes an amount so long.
_LONGEST_AMOUNT = 16_000
_DAYS = "DATE '0001-01-01' AND DATE '9999-12-31'"
_TIMES = "TIMESTAMP '0001-01-01 00:00:00' AND TIMESTAMP '9999-12-31 23:59:59.999999'"


def twin(codec: Codec, column: str, sql_type: str, ordered: bool) -> Twin:
    """The twin of a codec over a column (as SQL text); `ordered` says that the column sorts by code point by itself,
    so that its indexes serve. TypeError when there is none."""
    make = _READINGS.get(type(codec))
    if make is None:
        raise untypical(codec)
    reading: Reading = make(codec, column, sql_type)
    value = column if ordered and isinstance(codec, codecs.Text) else reading.value
    return Twin(reading.readable, value, reading.shown or column, bound)


def bound(value: Value) -> object:
    """The form in which a value is compared: an instant as a time of UTC without zone, the rest as it is."""
    return value.astimezone(UTC).replace(tzinfo=None) if isinstance(value, datetime) else value


def _text(codec: codecs.Text, column: str, sql_type: str) -> Reading:
    marks = listed(codec.null_marks, sql_type)
    unmarked = f" AND {column} NOT IN ({marks})" if marks else ""
    return Reading(f"({column} IS NOT NULL{unmarked})", f'{column} COLLATE "C"')


def _upper(codec: codecs.Upper, column: str, sql_type: str) -> Reading:
    capitals, small = f'upper({column} COLLATE "C")', f'lower({column} COLLATE "C")'
    marks = listed(codec.null_marks, sql_type)
    unmarked = f" AND {capitals} NOT IN ({marks})" if marks else ""
    return Reading(f"({column} IS NOT NULL AND {column} IN ({capitals}, {small}){unmarked})", capitals)


def _coded(codec: codecs.Coded, column: str, sql_type: str) -> Reading:
    return coded(codec, column, sql_type, ' COLLATE "C"')


def _whole(codec: codecs.Whole, column: str, sql_type: str) -> Reading:
    number = _cast(column, _WHOLE, "bigint") if codec.text else column
    return Reading(f"coalesce({number} BETWEEN -{MAX_INTEGER} AND {MAX_INTEGER}, FALSE)", number)


def _amount(codec: codecs.Amount, column: str, sql_type: str) -> Reading:
    scale = codec.scale
    within = f"< 1e{AMOUNT_DIGITS - scale}"
    if not codec.text:
        # NaN is above every number, and so is not within either.
        fixed = f"round(CAST({column} AS numeric), {scale})"
        return Reading(f"coalesce(abs({fixed}) {within}, FALSE)", fixed)
    short = f" AND length({column}) < {_LONGEST_AMOUNT}"
    number = _cast(column, _AMOUNT, "numeric", short)
    readable = f"coalesce({number} = round({number}, {scale}) AND abs({number}) {within}, FALSE)"
    return Reading(readable, number)


def _loose_date(codec: codecs.LooseDate, column: str, sql_type: str) -> Reading:
    day = _cast(column, _DAY, "date")
    marks = listed(codec.forever_marks, sql_type)
    if not marks:
        return Reading(f"({day} IS NOT NULL)", day)
    value = f"(CASE WHEN {column} IN ({marks}) THEN DATE '{codecs.FOR_EVER}' ELSE {day} END)"
    return Reading(f"({value} IS NOT NULL)", value)


def _native_date(codec: codecs.NativeDate, column: str, sql_type: str) -> Reading:
    readable = f"coalesce({column} BETWEEN {_DAYS}, FALSE)"
    return Reading(readable, column, f"(CASE WHEN {readable} THEN {column} END)")


def _text_timestamp(codec: codecs.TextTimestamp, column: str, sql_type: str) -> Reading:
    real = f" AND substr({column}, 1, 10) ~ '{_DAY}'"
    return _instant(_cast(column, _TIME, "timestamp", real), codec.zone)


def _native_timestamp(codec: codecs.NativeTimestamp, column: str, sql_type: str) -> Reading:
    within = f"(CASE WHEN {column} BETWEEN {_TIMES} THEN {column} END)"
    reading = _instant(within, codec.zone)
    return Reading(reading.readable, reading.value, within)


def _instant(local: str, zone: str) -> Reading:
    """A local time as a time of UTC, by the steps that the codec's own clock has, not by this server's."""
    *turns, (_, first) = steps(zone)
    whens = " ".join(
        f"WHEN x.l >= TIMESTAMP '{start:%Y-%m-%d %H:%M:%S}' THEN {_seconds(offset.total_seconds())}"
        for start, offset in turns
    )
    earliest = _seconds(first.total_seconds())
    ahead = f"(CASE {whens} ELSE {earliest} END)" if turns else earliest
    # OFFSET keeps the local time from being worked out anew for each step.
    utc = f"(SELECT x.l - {ahead} FROM (SELECT {local} AS l OFFSET 0) x)"
    return Reading(f"coalesce({utc} BETWEEN {_TIMES}, FALSE)", utc)


def _seconds(seconds: float) -> str:
    return f"INTERVAL '{int(seconds)} seconds'"


def _cast(column: str, pattern: str, sql_type: str, further: str = "") -> str:
    """The column as another type where it has the pattern, else null; only a CASE keeps the cast behind the test."""
    return f"(CASE WHEN {column} ~ '{pattern}'{further} THEN CAST({column} AS {sql_type}) END)"


_READINGS: Mapping[type, Callable[[Any, str, str], Reading]] = {
    codecs.Text: _text,
    codecs.Upper: _upper,
    codecs.Coded: _coded,
    codecs.Flag: flag,
    codecs.Whole: _whole,
    codecs.Amount: _amount,
    codecs.LooseDate: _loose_date,
    codecs.NativeDate: _native_date,
    codecs.TextTimestamp: _text_timestamp,
    codecs.NativeTimestamp: _native_timestamp,
}
