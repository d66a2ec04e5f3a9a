"""The codecs' twins on SQLite, which has neither patterns, exact decimals nor dates: all three become sortable texts,
times whole microseconds; asked by `layout`.

A column of SQLite can hold any type, so every twin looks at `typeof` first.
"""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from decimal import Context, Decimal
from typing import Any

from schemas.query.bound import Value
from schemas.query.values import MAX_INTEGER
from services.engine.mapping import codecs
from services.engine.mapping.model import Codec
from services.engine.mapping.spelling import AMOUNT_DIGITS, REAL_UNITS
from services.engine.source.sql.expressions import (
    Reading,
    Twin,
    coded,
    flag,
    listed,
    untypical,
)
from services.engine.source.sql.zones import steps

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_SECONDS_RANGE = (-62_135_596_800, 253_402_300_799)
_D2, _D4 = "[0-9]" * 2, "[0-9]" * 4
_WIDE = Context(prec=10_000)
_HALF = AMOUNT_DIGITS // 2
_NINES = "9" * _HALF


def twin(codec: Codec, column: str, sql_type: str) -> Twin:
    """The twin of a codec over a column (as SQL text); TypeError when there is none."""
    make = _READINGS.get(type(codec))
    if make is None:
        raise untypical(codec)
    reading = make(codec, column, sql_type)
    bind = _amount_binder(codec.scale) if isinstance(codec, codecs.Amount) else bound
    return Twin(reading.readable, reading.value, column, bind)


def bound(value: Value) -> object:
    """The form in which values other than amounts are compared."""
    if isinstance(value, datetime):
        return (value - _EPOCH) // _MICROSECOND
    if isinstance(value, bool):
        return int(value)
    return value if value is None or isinstance(value, (str, int)) else str(value)


def amount_text(value: Decimal, scale: int) -> str:
    """An amount as text that sorts as the amount: a sign, then 28 digits at the scale (and any further ones).

    Of a negative amount each digit is taken from 9, and `~`, which sorts after digits, ends it. An amount of more
    digits than a column can hold sorts before or after all.
    """
    whole, _, rest = format(abs(value).scaleb(scale, _WIDE), "f").partition(".")
    negative = value < 0
    if len(whole) > AMOUNT_DIGITS:
        return "!" if negative else "~"
    digits = whole.zfill(AMOUNT_DIGITS) + rest.rstrip("0")
    return f"0{digits.translate(_FROM_NINE)}~" if negative else f"1{digits}"


_FROM_NINE = str.maketrans("0123456789", "9876543210")


def _amount_binder(scale: int) -> Callable[[Value], object]:
    def bind(value: Value) -> object:
        return amount_text(value, scale) if isinstance(value, Decimal) else value

    return bind


def _is_text(column: str) -> str:
    return f"typeof({column}) = 'text'"


def _text(codec: codecs.Text, column: str, sql_type: str) -> Reading:
    marks = listed(codec.null_marks, sql_type)
    unmarked = f" AND {column} NOT IN ({marks})" if marks else ""
    return Reading(f"({_is_text(column)}{unmarked})", f"{column} COLLATE BINARY")


def _upper(codec: codecs.Upper, column: str, sql_type: str) -> Reading:
    marks = listed(codec.null_marks, sql_type)
    unmarked = f" AND upper({column}) NOT IN ({marks})" if marks else ""
    plain = f"{column} COLLATE BINARY"
    one_case = f"({plain} = upper({column}) OR {plain} = lower({column}))"
    return Reading(f"({_is_text(column)} AND {one_case}{unmarked})", f"upper({column})")


def _coded(codec: codecs.Coded, column: str, sql_type: str) -> Reading:
    return coded(codec, column, sql_type, "")


def _whole(codec: codecs.Whole, column: str, sql_type: str) -> Reading:
    if not codec.text:
        within = f"{column} BETWEEN -{MAX_INTEGER} AND {MAX_INTEGER}"
        return Reading(f"(typeof({column}) = 'integer' AND {within})", column)
    digits, number = _unsigned(column), f"CAST({column} AS INTEGER)"
    readable = (
        f"({_is_text(column)} AND {digits} <> '' AND {digits} NOT GLOB '*[^0-9]*'"
        f" AND length(ltrim({digits}, '0')) <= 16 AND abs({number}) <= {MAX_INTEGER})"
    )
    return Reading(readable, number)


def _amount(codec: codecs.Amount, column: str, sql_type: str) -> Reading:
    scale = codec.scale
    if not codec.text:
        units = f"abs({column}) * 1e{scale} + 0.5"
        small = f"(typeof({column}) = 'real' AND {units} < {REAL_UNITS:.1f})"
        padded = f"'{'0' * AMOUNT_DIGITS}' || ltrim(CAST({column} AS TEXT), '-') || '{'0' * scale}'"
        digits = (
            f"CASE typeof({column}) WHEN 'integer' THEN substr({padded}, -{AMOUNT_DIGITS})"
            f" ELSE printf('%0{AMOUNT_DIGITS}d', CAST({units} AS INTEGER)) END"
        )
        return Reading(f"(typeof({column}) = 'integer' OR {small})", _sortable(f"{column} < 0", digits))
    unsigned = _unsigned(column)
    point = f"instr({unsigned} || '.', '.')"
    whole, rest = f"substr({unsigned}, 1, {point} - 1)", f"substr({unsigned}, {point} + 1)"
    readable = (
        f"({_is_text(column)} AND {unsigned} GLOB '*[0-9]*' AND {unsigned} NOT GLOB '*[^0-9.]*'"
        f" AND {unsigned} NOT GLOB '*.*.*' AND length(rtrim({rest}, '0')) <= {scale}"
        f" AND length(ltrim({whole}, '0')) <= {AMOUNT_DIGITS - scale})"
    )
    zeros = "0" * AMOUNT_DIGITS
    digits = f"substr('{zeros}' || {whole} || substr({rest} || '{zeros}', 1, {scale}), -{AMOUNT_DIGITS})"
    return Reading(readable, _sortable(f"substr({column}, 1, 1) = '-'", digits))


def _sortable(negative: str, digits: str) -> str:
    """What `amount_text` says, from 28 digits; those of a negative amount are taken from nines in two halves, for one
    half is what an integer holds."""
    halves = (f"substr({digits}, 1, {_HALF})", f"substr({digits}, {_HALF + 1})")
    from_nines = ", ".join(f"{_NINES} - CAST({half} AS INTEGER)" for half in halves)
    below = f"{negative} AND {digits} <> '{'0' * AMOUNT_DIGITS}'"
    taken = f"'0' || printf('%0{_HALF}d%0{_HALF}d', {from_nines}) || '~'"
    return f"(CASE WHEN {below} THEN {taken} ELSE '1' || {digits} END)"


def _loose_date(codec: codecs.LooseDate, column: str, sql_type: str) -> Reading:
    day = (
        f"(CASE WHEN {column} GLOB '{_D4}-{_D2}-{_D2}' THEN {column}"
        f" WHEN {column} GLOB '{_D4}-[0-9]-{_D2}' THEN substr({column}, 1, 5) || '0' || substr({column}, 6)"
        f" WHEN {column} GLOB '{_D4}-{_D2}-[0-9]' THEN substr({column}, 1, 8) || '0' || substr({column}, 9)"
        f" WHEN {column} GLOB '{_D4}-[0-9]-[0-9]'"
        f" THEN substr({column}, 1, 5) || '0' || substr({column}, 6, 2) || '0' || substr({column}, 8) END)"
    )
    marks = listed(codec.forever_marks, sql_type)
    if not marks:
        return Reading(f"({_is_text(column)} AND {_is_day(day)})", day)
    marked = f"{column} IN ({marks})"
    value = f"(CASE WHEN {marked} THEN '{codecs.FOR_EVER}' ELSE {day} END)"
    return Reading(f"({_is_text(column)} AND ({marked} OR {_is_day(day)}))", value)


def _native_date(codec: codecs.NativeDate, column: str, sql_type: str) -> Reading:
    shaped = f"{column} GLOB '{_D4}-{_D2}-{_D2}'"
    return Reading(f"({_is_text(column)} AND {shaped} AND {_is_day(column)})", column)


def _is_day(text: str) -> str:
    """SQLite carries 30 February over into March, as soon as it must count: so a date is one that stays itself."""
    return f"coalesce(date({text}, '+0 days') = {text} AND {text} >= '0001', 0)"


def _text_timestamp(codec: codecs.TextTimestamp, column: str, sql_type: str) -> Reading:
    return _local_time(column, column, codec.zone)


def _native_timestamp(codec: codecs.NativeTimestamp, column: str, sql_type: str) -> Reading:
    return _local_time(f"replace({column}, 'T', ' ')", column, codec.zone)


def _local_time(text: str, column: str, zone: str) -> Reading:
    second, fraction = f"substr({text}, 1, 19)", f"substr({text}, 21)"
    seconds = f"(CAST(strftime('%s', {second}) AS INTEGER) - {_offset(second, zone)})"
    shaped = f"{text} GLOB '{_D4}-{_D2}-{_D2} {_D2}:{_D2}:{_D2}*'"
    fractional = (
        f"(length({text}) = 19 OR (substr({text}, 20, 1) = '.' AND length({fraction}) BETWEEN 1 AND 6"
        f" AND {fraction} NOT GLOB '*[^0-9]*'))"
    )
    real = f"coalesce(datetime({second}, '+0 days') = {second} AND {second} >= '0001', 0)"
    within = f"{seconds} BETWEEN {_SECONDS_RANGE[0]} AND {_SECONDS_RANGE[1]}"
    return Reading(
        f"({_is_text(column)} AND {shaped} AND {fractional} AND {real} AND {within})",
        f"({seconds} * 1000000 + CAST(substr({fraction} || '000000', 1, 6) AS INTEGER))",
    )


def _offset(local: str, zone: str) -> str:
    """The seconds by which a zone's clocks are ahead of UTC at a local time."""
    *turns, (_, first) = steps(zone)
    whens = " ".join(
        f"WHEN {local} >= '{start:%Y-%m-%d %H:%M:%S}' THEN {int(offset.total_seconds())}"
        for start, offset in turns
    )
    earliest = int(first.total_seconds())
    return f"(CASE {whens} ELSE {earliest} END)" if turns else str(earliest)


def _unsigned(column: str) -> str:
    return f"(CASE WHEN substr({column}, 1, 1) IN ('+', '-') THEN substr({column}, 2) ELSE {column} END)"


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
