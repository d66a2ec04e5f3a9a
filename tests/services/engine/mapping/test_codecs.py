"""Codecs: what a stored spelling reads as, what a value is written as, and all its spellings."""

from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.query.bound import Value
from services.engine.mapping.codecs import (
    FOR_EVER,
    Amount,
    Coded,
    Flag,
    LooseDate,
    NativeDate,
    NativeTimestamp,
    Text,
    TextTimestamp,
    Unspellable,
    Upper,
    Whole,
)
from services.engine.mapping.model import Codec, Stored

_COLOUR = Coded({"1": "red", "01": "red", "2": "green"})
_YES = Flag(true=("1", "是"), false=("0", "否"))
_LOOSE = LooseDate(forever="9999-9-9")
_SECONDS = TextTimestamp()
_PLUS_8 = timezone(timedelta(hours=8))

#: codec, stored spelling as a driver or the capture JSON gives it, value.
READS: list[tuple[Codec, Stored, Value]] = [
    (Text(), "\\N", None),
    (Text(), "", ""),
    (Text(), " 甬 ", " 甬 "),
    (Text(null_marks=("", "NULL")), "", None),
    (Text(null_marks=("", "NULL")), "\\N", "\\N"),
    (Text(), 5, None),
    (Upper(), "91330100ma0text128", "91330100MA0TEXT128"),
    (Upper(), "91330100MA0TEXT128", "91330100MA0TEXT128"),
    (Upper(), "91330100Ma0TEXT128", None),
    (Upper(), "330102199003070019", "330102199003070019"),
    (Upper(), "ßx", "ßX"),
    (Upper(), "\\N", None),
    (_COLOUR, "01", "red"),
    (_COLOUR, "3", None),
    (_COLOUR, 1, None),
    (Coded({1: "red"}), 1, "red"),
    (Coded({1: "red"}), 1.0, None),
    (_YES, "是", True),
    (_YES, "0", False),
    (_YES, "\\N", None),
    (Flag((True,), (False,)), False, False),
    (Flag((True,), (False,)), 1, True),
    (Flag((1,), (0,)), 0, False),
    (Flag((1,), (0,)), 2, None),
    (Whole(text=True), "007", 7),
    (Whole(text=True), "-0", 0),
    (Whole(text=True), "+12", 12),
    (Whole(text=True), "9007199254740991", 9007199254740991),
    (Whole(text=True), "9007199254740992", None),
    (Whole(text=True), "0" * 5_000 + "5", 5),
    (Whole(text=True), "9" * 5_000, None),
    (Whole(text=True), "1_000", None),
    (Whole(text=True), "٣", None),
    (Whole(text=True), " 1", None),
    (Whole(text=True), "1.0", None),
    (Whole(text=True), "\\N", None),
    (Whole(text=False), 5, 5),
    (Whole(text=False), True, None),
    (Whole(text=False), 5.0, None),
    (Whole(text=False), 2**53, None),
    (Whole(text=False), "5", None),
    (Amount(2, text=True), "1200", Decimal("1200.00")),
    (Amount(2, text=True), "1200.5", Decimal("1200.50")),
    (Amount(2, text=True), "1200.5000", Decimal("1200.50")),
    (Amount(2, text=True), "+0012.", Decimal("12.00")),
    (Amount(2, text=True), "-.5", Decimal("-0.50")),
    (Amount(2, text=True), "-0.00", Decimal("0.00")),
    (Amount(2, text=True), "1200.505", None),
    (Amount(2, text=True), "1,200.50", None),
    (Amount(2, text=True), "1e3", None),
    (Amount(2, text=True), "NaN", None),
    (Amount(2, text=True), "", None),
    (Amount(2, text=True), "9" * 26 + ".99", Decimal("9" * 26 + ".99")),
    (Amount(2, text=True), "9" * 27, None),
    (Amount(2, text=True), "0" * 9_000 + "1." + "0" * 9_000, Decimal("1.00")),
    (Amount(2, text=True), 5, None),
    (Amount(2, text=False), 1200, Decimal("1200.00")),
    (Amount(2, text=False), Decimal("1200.1"), Decimal("1200.10")),
    (Amount(2, text=False), 0.1 + 0.2, Decimal("0.30")),
    (Amount(2, text=False), Decimal("1200.0999999999999"), Decimal("1200.10")),
    (Amount(2, text=False), Decimal("-0.005"), Decimal("-0.01")),
    (Amount(2, text=False), Decimal("-0.001"), Decimal("0.00")),
    (Amount(2, text=False), Decimal("NaN"), None),
    (Amount(2, text=False), float("inf"), None),
    (Amount(2, text=False), "1200.10", None),
    (Amount(2, text=False), True, None),
    (_LOOSE, "2020-6-18", date(2020, 6, 18)),
    (_LOOSE, "2020-06-8", date(2020, 6, 8)),
    (_LOOSE, "9999-9-9", FOR_EVER),
    (_LOOSE, "9999-09-09", FOR_EVER),
    (_LOOSE, "9999-12-31", FOR_EVER),
    (LooseDate(), "9999-9-9", date(9999, 9, 9)),
    (LooseDate(forever="长期"), "长期", FOR_EVER),
    (_LOOSE, "2020-13-45", None),
    (_LOOSE, "2021-2-29", None),
    (_LOOSE, "0000-1-1", None),
    (_LOOSE, "0001-1-1", date(1, 1, 1)),
    (_LOOSE, "2020-006-18", None),
    (_LOOSE, "2020-6-18 ", None),
    (_LOOSE, "20200618", None),
    (_LOOSE, "n/a", None),
    (_LOOSE, date(2020, 6, 18), None),
    (NativeDate(), date(2020, 6, 18), date(2020, 6, 18)),
    (NativeDate(), "2020-06-18", date(2020, 6, 18)),
    (NativeDate(), "2020-6-18", None),
    (NativeDate(), "infinity", None),
    (NativeDate(), datetime(2020, 6, 18), None),  # noqa: DTZ001
    (_SECONDS, "2026-01-31 08:00:00", datetime(2026, 1, 31, tzinfo=UTC)),
    (_SECONDS, "2026-01-31 08:00:00.25", datetime(2026, 1, 31, 0, 0, 0, 250_000, tzinfo=UTC)),
    (_SECONDS, "2026-01-31T08:00:00", None),
    (_SECONDS, "2026-01-31 8:00:00", None),
    (_SECONDS, "2026-01-31 24:00:00", None),
    (_SECONDS, "2026-02-30 08:00:00", None),
    (_SECONDS, "2026-01-31", None),
    (_SECONDS, "0001-01-01 00:00:00", None),
    (TextTimestamp("UTC"), "2026-01-31 08:00:00", datetime(2026, 1, 31, 8, tzinfo=UTC)),
    # Beijing's clocks: an hour ahead in the summer of 1986; shown twice on 14 September, left out on 4 May.
    (_SECONDS, "1986-07-01 08:00:00", datetime(1986, 6, 30, 23, tzinfo=UTC)),
    (_SECONDS, "1986-09-14 01:30:00", datetime(1986, 9, 13, 17, 30, tzinfo=UTC)),
    (_SECONDS, "1986-05-04 02:30:00", datetime(1986, 5, 3, 18, 30, tzinfo=UTC)),
    (NativeTimestamp(), datetime(2026, 1, 31, 8), datetime(2026, 1, 31, tzinfo=UTC)),  # noqa: DTZ001
    (NativeTimestamp(), "2026-01-31T08:00:00.000001", datetime(2026, 1, 31, 0, 0, 0, 1, tzinfo=UTC)),
    (NativeTimestamp(), "2026-01-31 08:00:00", datetime(2026, 1, 31, tzinfo=UTC)),
    (NativeTimestamp(), datetime(2026, 1, 31, 8, tzinfo=_PLUS_8), None),
]

#: codec, value, every spelling, the first of which is written.
SPELLINGS: list[tuple[Codec, Value, tuple[Stored, ...]]] = [
    (Text(), "a", ("a",)),
    (Upper(), "91MA", ("91MA", "91ma")),
    (Upper(), "9133", ("9133",)),
    (_COLOUR, "red", ("1", "01")),
    (_YES, True, ("1", "是")),
    (Flag((True,), (False,)), False, (False,)),
    (Whole(text=False), 5, (5,)),
    (_LOOSE, date(2020, 6, 8), ("2020-06-08", "2020-06-8", "2020-6-08", "2020-6-8")),
    (_LOOSE, date(2020, 11, 18), ("2020-11-18",)),
    (
        _LOOSE,
        FOR_EVER,
        ("9999-9-9", "9999-09-09", "9999-09-9", "9999-9-09", "9999-12-31"),
    ),
    (LooseDate(), FOR_EVER, ("9999-12-31",)),
    (NativeDate(), date(2020, 6, 8), (date(2020, 6, 8),)),
    (
        _SECONDS,
        datetime(2026, 1, 31, 0, 0, 0, 250_000, tzinfo=UTC),
        tuple(f"2026-01-31 08:00:00.{part}" for part in ("25", "250", "2500", "25000", "250000")),
    ),
    (
        _SECONDS,
        datetime(2026, 1, 31, tzinfo=UTC),
        tuple(f"2026-01-31 08:00:00.{'0' * count}".rstrip(".") for count in range(7)),
    ),
]

UNSPELLABLE: list[tuple[Codec, Value]] = [
    (Text(), "\\N"),
    (Upper(), "91ma"),
    (_COLOUR, "blue"),
    (Whole(text=True), 2**53),
    (Whole(text=False), -(2**53)),
    (Amount(2, text=True), Decimal("1.005")),
    (Amount(2, text=False), Decimal("1.005")),
    (Amount(2, text=True), Decimal("1e27")),
    (_LOOSE, date(9999, 9, 9)),
    (_SECONDS, datetime(1986, 9, 13, 16, 30, tzinfo=UTC)),
    (_SECONDS, datetime(9999, 12, 31, 23, tzinfo=UTC)),
]

_LETTERS = st.text(st.sampled_from("aAbB9-中\\N"), max_size=6)
_DAYS = st.dates() | st.sampled_from([FOR_EVER, date(9999, 9, 9)])
_INSTANTS = st.datetimes(
    datetime(1900, 1, 1),  # noqa: DTZ001
    datetime(9999, 12, 30),  # noqa: DTZ001
    timezones=st.just(UTC),
)
_DIGITS = st.text(st.sampled_from("0123456789+-. eE_"), max_size=32)
_DATE_LIKE = st.from_regex(r"[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}", fullmatch=True)
_TIME_LIKE = st.from_regex(
    r"(19|20)[0-9]{2}-[01][0-9]-[0-3][0-9] [0-2][0-9]:[0-5][0-9]:00(\.[0-9]{1,6})?", fullmatch=True
)

#: codec, values of its item's type, stored spellings that look like its own.
KINDS: list[tuple[Codec, st.SearchStrategy[Value], st.SearchStrategy[Stored]]] = [
    (Text(), _LETTERS, _LETTERS),
    (Upper(), _LETTERS, _LETTERS),
    (_COLOUR, st.sampled_from(["red", "green", "blue"]), st.sampled_from(["1", "01", "2", "3", "\\N"])),
    (_YES, st.booleans(), st.sampled_from(["1", "是", "0", "否", "2"])),
    (Whole(text=True), st.integers(), _DIGITS),
    (Whole(text=False), st.integers(), st.integers() | st.booleans()),
    (Amount(2, text=True), st.decimals(allow_nan=False, allow_infinity=False), _DIGITS),
    (Amount(0, text=True), st.decimals(allow_nan=False, allow_infinity=False), _DIGITS),
    (
        Amount(4, text=False),
        st.decimals(places=4, allow_nan=False),
        st.decimals() | st.floats() | st.integers(),
    ),
    (_LOOSE, _DAYS, _DATE_LIKE),
    (LooseDate(), _DAYS, _DATE_LIKE),
    (NativeDate(), _DAYS, _DATE_LIKE | st.dates()),
    (_SECONDS, _INSTANTS, _TIME_LIKE),
    (NativeTimestamp(), _INSTANTS, _TIME_LIKE | st.datetimes()),
]


@pytest.mark.parametrize(("codec", "stored", "value"), READS)
def test_a_stored_spelling_reads_as_its_value_or_as_null(codec: Codec, stored: Stored, value: Value) -> None:
    read = codec.decode(stored)
    assert (read, type(read), str(read)) == (value, type(value), str(value))


@pytest.mark.parametrize(("codec", "value", "spellings"), SPELLINGS)
def test_a_value_is_written_as_the_first_of_all_its_spellings(
    codec: Codec, value: Value, spellings: tuple[Stored, ...]
) -> None:
    assert codec.spellings(value) == spellings
    assert codec.encode(value) == spellings[0]


@pytest.mark.parametrize(("codec", "value"), UNSPELLABLE)
def test_a_value_that_no_spelling_reads_as_is_refused_without_repeating_it(
    codec: Codec, value: Value
) -> None:
    assert codec.spellings(value) in ((), None)
    with pytest.raises(Unspellable, match="the column has no spelling for this value"):
        codec.encode(value)


@pytest.mark.parametrize("codec", [codec for codec, _, _ in KINDS])
def test_null_reads_as_null_is_written_as_null_and_has_no_list_of_spellings(codec: Codec) -> None:
    assert codec.decode(None) is None
    assert codec.encode(None) is None
    assert codec.spellings(None) is None


@pytest.mark.parametrize(("codec", "values", "_"), KINDS)
@given(data=st.data())
def test_what_is_written_reads_as_the_value(
    codec: Codec, values: st.SearchStrategy[Value], _: object, data: st.DataObject
) -> None:
    value = data.draw(values)
    try:
        stored = codec.encode(value)
    except Unspellable:
        assert not codec.spellings(value)
        return
    assert codec.decode(stored) == value
    assert all(codec.decode(one) == value for one in codec.spellings(value) or ())


@pytest.mark.parametrize(("codec", "_", "spelt"), KINDS)
@given(data=st.data())
def test_every_spelling_that_reads_as_a_value_is_listed(
    codec: Codec, _: object, spelt: st.SearchStrategy[Stored], data: st.DataObject
) -> None:
    stored = data.draw(spelt)
    value = codec.decode(stored)
    listed = codec.spellings(value)
    if listed is not None:
        assert stored in listed or (isinstance(stored, str) and isinstance(codec, NativeDate))
    if value is not None:
        assert codec.decode(codec.encode(value)) == value


def test_codecs_with_one_meaning_are_equal_and_hash_alike() -> None:
    assert Coded({"1": "red"}) == Coded({"1": "red"})
    assert len({Coded({"1": "red"}), Coded({"1": "red"}), Amount(2, text=True), Amount(2, text=True)}) == 2
