"""A made-up depot whose one table keeps an item in every way that codecs know, and the odd spellings found there."""

from collections.abc import Mapping as AbstractMapping
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal

from schemas.contracts.model import Contract, Item, ItemType
from schemas.query.bound import Value
from services.engine.mapping.build import mapping, table
from services.engine.mapping.codecs import (
    Amount,
    Coded,
    Flag,
    LooseDate,
    NativeDate,
    NativeTimestamp,
    Text,
    TextTimestamp,
    Upper,
    Whole,
)
from services.engine.mapping.model import Codec, Mapping, Stored
from tests import workshop

PARCELS = "depot.parcels"
SECRET = b"s" * 32

#: PostgreSQL's usual driver takes Python's first and last day and time for infinities; a program can write these.
DAYS = (date(1, 1, 2), date(9999, 12, 30))
TIMES = (datetime.fromisoformat("0001-01-01T00:00:01"), datetime.fromisoformat("9999-12-31T23:59:59"))

#: item -> (column, its SQL type, codec, item type)
_COLUMNS: dict[str, tuple[str, str, Codec, ItemType]] = {
    "code": ("c_code", "text", Upper(), ItemType.STRING),
    "nth": ("c_nth", "bigint", Whole(text=False), ItemType.INTEGER),
    "name": ("c_name", "text", Text(), ItemType.STRING),
    "owner": ("c_owner", "text", Upper(), ItemType.STRING),
    "grade": ("c_grade", "text", Coded({"1": "good", "01": "good", "2": "Bad"}), ItemType.STRING),
    "shelf": ("c_shelf", "integer", Coded({1: "upper", 2: "lower"}), ItemType.STRING),
    "active": ("c_active", "text", Flag(true=("1", "是"), false=("0",)), ItemType.BOOLEAN),
    "sealed": ("c_sealed", "boolean", Flag(true=(True,), false=(False,)), ItemType.BOOLEAN),
    "staff": ("c_staff", "text", Whole(text=True), ItemType.INTEGER),
    "floor": ("c_floor", "integer", Whole(text=False), ItemType.INTEGER),
    "capital": ("c_capital", "text", Amount(2, text=True), ItemType.DECIMAL),
    "fee": ("c_fee", "numeric(14,2)", Amount(2, text=False), ItemType.DECIMAL),
    "since": ("c_since", "text", LooseDate(forever="9999-9-9"), ItemType.DATE),
    "due": ("c_due", "date", NativeDate(), ItemType.DATE),
    "seen_at": ("c_seen", "text", TextTimestamp(), ItemType.TIMESTAMP),
    "changed_at": ("c_changed", "timestamp", NativeTimestamp(), ItemType.TIMESTAMP),
}

#: What stands in the columns: values, their other spellings, marks for null, and what nobody can read.
SPELLINGS: AbstractMapping[str, Sequence[Stored]] = {
    "code": ["91ab", "91AB", "91Ab", "a", "B", "b~1", "zz", "é1", "\\N"],
    "nth": [1, 2, 10, -3, 9007199254740991, 9007199254740992],
    "name": [
        *"a A ab aB a%b a_b a*b a?b a[b a]b a\\b 甬 甬江 é É \U0001f600 \uffff \\N".split(),
        "",
        " ",
        None,
    ],
    "owner": [*"91ab 91AB 91Ab ßx 甬a \\N \\n".split(), "", None],
    "grade": [*"1 01 2 3 \\N".split(), "", None],
    "shelf": [1, 2, 3, None],
    "active": [*"1 是 0 2 \\N".split(), None],
    "sealed": [True, False, None],
    "staff": [*"7 007 +7 -0 10 9 -12 9007199254740991 9007199254740992 1.0 ٣ \\N".split(), " 1", "", None],
    "floor": [-1, 0, 9, 10, 2_147_483_647, None],
    "capital": [
        *"0 -0 -0.00 1 1.0 +01.00 .5 -.5 -0.51 12. 9.99 10 1200.505 1e3 NaN . 1.2.3 \\N".split(),
        *("9" * 26 + ".99", "-" + "9" * 26 + ".99", "9" * 27, "0" * 40 + "3", "", None),
    ],
    "fee": [*map(Decimal, "0 0.1 0.3 1200.1 1200.1049 -2.5 -0.004 99999999.99 0.125 -0.125".split()), None],
    "since": [
        *"2020-6-18 2020-06-18 2020-6-8 2020-12-1 2019-11-30 9999-9-9 9999-12-31 2020-2-29 2021-2-29".split(),
        *"2000-02-29 1900-02-29 2020-13-45 0000-1-1 0001-01-01 20200618 \\N".split(),
        *("", None),
    ],
    "due": [date(2020, 6, 18), date(1, 1, 2), date(9999, 12, 30), date(2020, 2, 29), None],
    "seen_at": [
        *(
            "2026-01-31 08:00:00",
            "2026-01-31 08:00:00.25",
            "2026-01-31 08:00:00.250000",
            "1986-09-14 01:30:00",
        ),
        *("1986-09-14 00:30:00", "1986-05-04 02:30:00", "1900-12-31 23:59:59", "1901-01-01 00:00:00"),
        *(
            "2026-01-31T08:00:00",
            "2026-02-30 08:00:00",
            "2026-01-31 24:00:00",
            "2026-01-31",
            "0001-01-01 00:00:00",
        ),
        *("2026-01-31 08:00:00.", "2026-01-31 08:00:00.1234567", "\\N", "", None),
    ],
    "changed_at": [
        *map(
            datetime.fromisoformat,
            "2026-01-31T08:00 2026-01-31T08:00:00.000001 1986-09-14T01:30 1943-01-01T00:00 0001-01-01T00:00:01"
            " 9999-12-31T23:59".split(),
        ),
        None,
    ],
}

CODECS: AbstractMapping[str, Codec] = {name: codec for name, (_, _, codec, _) in _COLUMNS.items()}
ITEMS: AbstractMapping[str, Item] = {
    name: replace(
        workshop.item(name, of_type),
        required=name in ("code", "nth"),
        values=tuple(dict.fromkeys(codec.codes.values())) if isinstance(codec, Coded) else None,
    )
    for name, (_, _, codec, of_type) in _COLUMNS.items()
}
SQL_TYPES: AbstractMapping[str, str] = {name: sql_type for name, (_, sql_type, _, _) in _COLUMNS.items()}
COLUMN: AbstractMapping[str, str] = {name: column for name, (column, _, _, _) in _COLUMNS.items()}

TABLE = table(
    "dp_parcel",
    key="c_code c_nth",
    text="",
    indexes=("c_owner", "c_since"),
    typed={column: sql_type for column, sql_type, _, _ in _COLUMNS.values()},
)


def contract(*, public: bool = True) -> Contract:
    """The depot's contract; its key public or not."""
    made = workshop.contract(PARCELS, 1, tuple(ITEMS.values()), ("code", "nth"))
    return replace(made, key_public=public)


def depot(*, public: bool = True) -> Mapping:
    fields = {name: (column, codec) for name, (column, _, codec, _) in _COLUMNS.items()}
    return mapping(contract(public=public), TABLE, fields)


def read(row: AbstractMapping[str, Stored]) -> dict[str, Value]:
    """A row of stored spellings as its codecs read it."""
    return {name: codec.decode(row[name]) for name, codec in CODECS.items()}
