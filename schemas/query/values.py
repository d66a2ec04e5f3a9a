"""Values by type: wire text and JSON to a typed value and back, one rule per item type. Used by every room."""

import re
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation

from schemas.contracts.model import Item, ItemType
from schemas.query.bound import Value

#: Integers beyond this lose digits in JavaScript clients, so the contract's integers stay within it.
MAX_INTEGER = 2**53 - 1

_INTEGER = re.compile(r"[+-]?\d{1,16}", re.ASCII)
#: More digits than any amount has, and fewer than any database refuses.
_DECIMAL = re.compile(r"[+-]?(?=[\d.]{1,40}\Z)(\d+(\.\d*)?|\.\d+)", re.ASCII)
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_TIMESTAMP = re.compile(r"\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}:\d{2}(\.\d{1,6})?(Z|[+-]\d{2}:?\d{2})", re.ASCII)
_BOOLEANS = {"true": True, "t": True, "false": False, "f": False}
_EXPECTED = {
    ItemType.STRING: "text without NUL characters",
    ItemType.INTEGER: f"a whole number from -{MAX_INTEGER} to {MAX_INTEGER}",
    ItemType.DECIMAL: "a decimal number such as 1200.50",
    ItemType.BOOLEAN: "true or false",
    ItemType.DATE: "a date such as 2026-01-31",
    ItemType.TIMESTAMP: "a time with zone such as 2026-01-31T08:00:00Z",
}


class UnreadableValue(ValueError):
    """A text or JSON value does not fit the item's type; says what is expected, never what was sent."""

    def __init__(self, item: Item, expected: str | None = None) -> None:
        self.item = item.name
        self.expected = expected or _EXPECTED[item.type]
        super().__init__(f"{item.name} takes {self.expected}")


def from_text(item: Item, text: str) -> Value:
    """The value that a query's text means for an item; raises UnreadableValue."""
    try:
        value = _READ[item.type](text)
    except (ValueError, InvalidOperation) as fault:
        raise UnreadableValue(item) from fault
    return value


def from_json(item: Item, value: object) -> Value:
    """The value that a JSON body's member means for an item (null included); raises UnreadableValue.

    Decimals, dates and times are JSON strings; a JSON number is taken for a decimal only when it is whole.
    """
    if value is None:
        return None
    if item.type is ItemType.BOOLEAN and isinstance(value, bool):
        return value
    if item.type is ItemType.BOOLEAN or isinstance(value, bool):
        raise UnreadableValue(item)
    if isinstance(value, int) and item.type in (ItemType.INTEGER, ItemType.DECIMAL):
        return from_text(item, str(value))
    if isinstance(value, str) and item.type is not ItemType.INTEGER:
        return from_text(item, value)
    raise UnreadableValue(item)


def to_wire(value: Value) -> str | int | bool | None:
    """A value's JSON form: decimals, dates and times as strings, so that nothing is rounded on the way."""
    if value is None or isinstance(value, (str, bool, int)):
        return value
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    return value.isoformat()


def scaled(item: Item, value: Decimal) -> Decimal:
    """A decimal at the item's scale; UnreadableValue when digits would be lost."""
    exponent = Decimal(1).scaleb(-(item.scale or 0))
    try:
        fixed = value.quantize(exponent)
    except InvalidOperation:
        raise UnreadableValue(item, "at most 28 digits") from None
    if fixed != value:
        raise UnreadableValue(item, f"at most {item.scale or 0} decimal places")
    return fixed + Decimal(0)


def _string(text: str) -> str:
    if "\0" in text:
        raise ValueError
    text.encode()
    return text


def _integer(text: str) -> int:
    if not _INTEGER.fullmatch(text) or abs(int(text)) > MAX_INTEGER:
        raise ValueError
    return int(text)


def _decimal(text: str) -> Decimal:
    if not _DECIMAL.fullmatch(text):
        raise ValueError
    return Decimal(text)


def _boolean(text: str) -> bool:
    if text not in _BOOLEANS:
        raise ValueError
    return _BOOLEANS[text]


def _date(text: str) -> date:
    if not _DATE.fullmatch(text):
        raise ValueError
    return date.fromisoformat(text)


def _timestamp(text: str) -> datetime:
    if not _TIMESTAMP.fullmatch(text):
        raise ValueError
    try:
        return datetime.fromisoformat(text).astimezone(UTC)
    except OverflowError as fault:
        raise ValueError from fault


_READ: Mapping[ItemType, Callable[[str], Value]] = {
    ItemType.STRING: _string,
    ItemType.INTEGER: _integer,
    ItemType.DECIMAL: _decimal,
    ItemType.BOOLEAN: _boolean,
    ItemType.DATE: _date,
    ItemType.TIMESTAMP: _timestamp,
}
