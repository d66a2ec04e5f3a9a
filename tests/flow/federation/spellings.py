"""How the county's columns spell their values: each column as a pool of values with all their stored spellings.

The pools are written by hand and know nothing of the codecs beside them: they say what a codec must read.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from schemas.query.bound import Value
from services.engine.mapping import codecs
from services.engine.mapping.model import Codec, Stored

#: A value and the ways in which a table may spell it.
Pool = tuple[tuple[Value, tuple[Stored, ...]], ...]

NULL_MARK = "\\N"


@dataclass(frozen=True)
class Spelling:
    """One way to keep values: the item's ODCS type and properties, the column's SQL type, the codec, the pool."""

    type: str
    column: str
    codec: Codec
    pool: Pool
    options: Mapping[str, object] = field(default_factory=dict)
    scale: int | None = None
    values: tuple[str, ...] | None = None

    def present(self) -> Pool:
        """The pool without null, for items that a key or a required item needs."""
        return tuple(one for one in self.pool if one[0] is not None)


def _same(*values: Value) -> Pool:
    return tuple((value, (value,)) for value in values)


def _legal(value: Value) -> datetime:
    """The time that a legal clock showed, as a timestamp column keeps it."""
    assert isinstance(value, datetime)
    return value.astimezone(ZoneInfo("Asia/Shanghai")).replace(tzinfo=None, fold=0)


_ODD_TEXTS = _same(
    *(
        "",
        " ",
        "a",
        "A",
        "ab",
        "Ab",
        "aB",
        "a%b",
        "a_b",
        "a\\b",
        "x,y",
        "(x)",
        'say "no"',
        "null",
        "true",
        "a*b",
    ),
    *("é", "É", "ß", "中", "中文", "文", "\ue000", "😀", "a\nb", "  pad ", "Z", "z", "_", "-1", "10", "9"),
)

TEXT = Spelling(
    "string", "text", codecs.Text(null_marks=(NULL_MARK,)), (*_ODD_TEXTS, (None, (None, NULL_MARK)))
)

#: A few texts that meet again in other tables.
LABEL = Spelling(
    "string",
    "text",
    codecs.Text(null_marks=(NULL_MARK,)),
    (*_same("", "1", "a", "A", "x,y", "中", "😀"), (None, (None, NULL_MARK))),
)

#: Codes that link the departments; some tables keep them in small letters. Mixed case cannot be read.
CODES = tuple(f"91{letter}{digit}" for letter in "ABC" for digit in "012")
CODE = Spelling(
    "string",
    "text",
    codecs.Upper(),
    (*((code, (code, code.lower())) for code in CODES), (None, (None, NULL_MARK, "91aB"))),
    options={"format": "credit-code"},
)

COLOUR = Spelling(
    "string",
    "text",
    codecs.Coded({"1": "red", "01": "red", "2": "green", "3": "blue", "9": "Blue"}),
    (
        ("red", ("1", "01")),
        ("green", ("2",)),
        ("blue", ("3",)),
        ("Blue", ("9",)),
        (None, (None, "7", "red", NULL_MARK)),
    ),
    values=("red", "green", "blue", "Blue"),
)

FLAG = Spelling(
    "boolean",
    "text",
    codecs.Flag(true=("1", "是"), false=("0", "否")),
    ((True, ("1", "是")), (False, ("0", "否")), (None, (None, "2", "true", NULL_MARK))),
)

WHOLE_TEXT = Spelling(
    "integer",
    "text",
    codecs.Whole(text=True),
    (
        *((number, (str(number), f"{number:+03d}")) for number in (1, 2, 3, 4, 9, 10, 12, 100, -1, -20)),
        (0, ("0", "-0", "000")),
        (9007199254740991, ("9007199254740991", "00009007199254740991")),
        (None, (None, NULL_MARK, "n/a", "", "1x", "1.0", "1e2", " 1", "１", "9007199254740992", "9" * 30)),
    ),
)

NUMBER = Spelling(
    "integer", "bigint", codecs.Whole(text=False), (*_same(0, 1, 2, 3, 4, 10, -1, 2**40), (None, (None,)))
)

AMOUNT_TEXT = Spelling(
    "number",
    "text",
    codecs.Amount(scale=2, text=True),
    (
        (Decimal("0.00"), ("0", "0.00", "-0", ".0")),
        (Decimal("9.50"), ("9.5", "9.50", "+9.5000")),
        (Decimal("10.00"), ("10", "10.00", "10.", "0010")),
        (Decimal("10.01"), ("10.01",)),
        (Decimal("-3.30"), ("-3.3", "-3.30")),
        (Decimal("-20.00"), ("-20",)),
        (Decimal("1200.10"), ("1200.10",)),
        (Decimal("12345678901234567890.12"), ("12345678901234567890.12",)),
        (Decimal("12345678901234567890.13"), ("12345678901234567890.13",)),
        (Decimal("0.07"), (".07", "0.070")),
        (
            None,
            (None, NULL_MARK, "n/a", "", ".", "1,000", "1e3", "9.505", " 1", "1" + "0" * 26 + ".00", "NaN"),
        ),
    ),
    scale=2,
)

AMOUNT = Spelling(
    "number",
    "numeric(14,4)",
    codecs.Amount(scale=4, text=False),
    (
        *_same(*map(Decimal, ("0.0000", "0.1000", "0.3000", "2.5000", "10.0000", "-1.2500", "1234567.8901"))),
        (None, (None,)),
    ),
    scale=4,
)

_DAYS: Pool = (
    (date(2020, 6, 18), ("2020-6-18", "2020-06-18")),
    (date(2020, 10, 2), ("2020-10-2", "2020-10-02")),
    (date(2020, 2, 29), ("2020-2-29", "2020-02-29")),
    (date(2019, 12, 31), ("2019-12-31",)),
    (date(1949, 10, 1), ("1949-10-1", "1949-10-01")),
    (date(9999, 12, 31), ("9999-9-9", "9999-09-09", "9999-12-31")),
    (None, (None, NULL_MARK, "", "2020-13-45", "2021-02-29", "2021-2-30", "长期", "20200618", "0000-1-1")),
    (None, ("1900-02-29", "2020-6-18 ", "2020-006-18", "20-6-18", "2020-00-10", "2020-06-18 08:00:00")),
)

LOOSE_DAY = Spelling("date", "text", codecs.LooseDate(forever="9999-9-9"), _DAYS)

DAY = Spelling(
    "date",
    "date",
    codecs.NativeDate(),
    (*_same(date(2020, 6, 18), date(2020, 10, 2), date(2020, 2, 29), date(9999, 12, 31)), (None, (None,))),
)

LEGAL_TIME = Spelling(
    "timestamp",
    "text",
    codecs.TextTimestamp(zone="Asia/Shanghai"),
    (
        (datetime(2020, 6, 18, 0, 0, tzinfo=UTC), ("2020-06-18 08:00:00",)),
        (datetime(2020, 6, 17, 23, 59, 59, tzinfo=UTC), ("2020-06-18 07:59:59",)),
        (datetime(2020, 6, 18, 0, 0, 0, 500000, tzinfo=UTC), ("2020-06-18 08:00:00.5", "2020-06-18 08:00:00.500000")),
        (datetime(2020, 6, 18, 0, 0, 0, 1, tzinfo=UTC), ("2020-06-18 08:00:00.000001",)),
        # The summers of 1986 to 1991 were an hour ahead.
        (datetime(1988, 6, 30, 23, 0, tzinfo=UTC), ("1988-07-01 08:00:00",)),
        # An hour that the clocks showed twice is its second pass; one that they left out is counted on.
        (datetime(1988, 9, 10, 17, 30, tzinfo=UTC), ("1988-09-11 01:30:00",)),
        (datetime(1988, 12, 31, 16, 0, tzinfo=UTC), ("1989-01-01 00:00:00",)),
        (None, (None, NULL_MARK, "2020-06-31 08:00:00", "2020-06-18 25:00:00", "2020-06-18", "2020-6-18 8:00:00")),
    ),
)  # fmt: skip

TIME = Spelling(
    "timestamp",
    "timestamp",
    codecs.NativeTimestamp(),
    (*((value, (_legal(value),)) for value, _ in LEGAL_TIME.present()), (None, (None,))),
)
