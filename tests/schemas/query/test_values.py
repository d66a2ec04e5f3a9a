"""Values by type: what travels comes back as it was, and what does not fit is refused without being repeated."""

from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.contracts.model import ItemType
from schemas.query.bound import Value
from schemas.query.values import MAX_INTEGER, UnreadableValue, from_json, from_text, scaled, to_wire
from tests.schemas.query.harbour import item
from tests.schemas.query.trees import VALUES, spelled

_ITEMS = {one: item("x", one) for one in ItemType}


@pytest.mark.parametrize("item_type", list(ItemType))
@given(data=st.data())
def test_a_value_survives_json(item_type: ItemType, data: st.DataObject) -> None:
    value = data.draw(VALUES[item_type])
    travelled = orjson.loads(orjson.dumps(to_wire(value)))
    assert from_json(_ITEMS[item_type], travelled) == value


@pytest.mark.parametrize("item_type", list(ItemType))
@given(data=st.data())
def test_a_value_survives_being_written(item_type: ItemType, data: st.DataObject) -> None:
    value = data.draw(VALUES[item_type])
    assert from_text(_ITEMS[item_type], spelled(value)) == value


@pytest.mark.parametrize("item_type", list(ItemType))
def test_null_is_null(item_type: ItemType) -> None:
    assert from_json(_ITEMS[item_type], None) is None
    assert to_wire(None) is None


@given(st.decimals(allow_nan=False, allow_infinity=False, places=6, min_value=-(10**20), max_value=10**20))
def test_a_decimal_keeps_every_digit(value: Decimal) -> None:
    read = from_text(_ITEMS[ItemType.DECIMAL], str(to_wire(value)))
    assert isinstance(read, Decimal)
    assert read.as_tuple() == value.as_tuple() or value == 0


@pytest.mark.parametrize(
    ("value", "wire"),
    [
        (Decimal("1200.10"), "1200.10"),
        (Decimal("1E+3"), "1000"),
        (Decimal("1E-7"), "0.0000001"),
        (date(826, 1, 2), "0826-01-02"),
        (datetime(2026, 1, 31, 8, tzinfo=UTC), "2026-01-31T08:00:00Z"),
        (
            datetime(2026, 1, 31, 8, 0, 0, 5, tzinfo=timezone(timedelta(hours=8))),
            "2026-01-31T00:00:00.000005Z",
        ),
        (2**53 - 1, 2**53 - 1),
        (True, True),
    ],
)
def test_the_wire_form(value: Value, wire: object) -> None:
    assert to_wire(value) == wire


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("2026-01-31T08:00:00+08:00", datetime(2026, 1, 31, tzinfo=UTC)),
        ("2026-01-31 08:00:00.5+0800", datetime(2026, 1, 31, 0, 0, 0, 500_000, tzinfo=UTC)),
        ("2026-01-31T00:00:00Z", datetime(2026, 1, 31, tzinfo=UTC)),
    ],
)
def test_a_time_may_bear_any_zone(text: str, value: datetime) -> None:
    assert from_text(_ITEMS[ItemType.TIMESTAMP], text) == value


_UNREADABLE = {
    ItemType.STRING: ["a\0b", "\ud800"],
    ItemType.INTEGER: ["", "1.0", "1e3", " 1", "1_000", "١", str(MAX_INTEGER + 1), "9" * 40, "0x10", "one"],
    ItemType.DECIMAL: ["", ".", "1e3", "NaN", "Infinity", "1,5", "1_0", " 1", "١", "1.2.3", "9" * 41],
    ItemType.BOOLEAN: ["", "yes", "TRUE", "1", "0", "null"],
    ItemType.DATE: [
        "",
        "2025-02-29",
        "2025-2-3",
        "20250203",
        "0000-01-01",
        "2025-02-03T00:00:00Z",
        "25-02-03",
    ],
    ItemType.TIMESTAMP: [
        "",
        "2025-02-03",
        "2025-02-03T04:05:06",
        "2025-02-03T25:00:00Z",
        "0001-01-01T00:00:00+01:00",
    ],
}


@pytest.mark.parametrize(
    ("item_type", "text"), [(one, text) for one, texts in _UNREADABLE.items() for text in texts]
)
def test_a_text_that_does_not_fit_is_refused_and_not_repeated(item_type: ItemType, text: str) -> None:
    with pytest.raises(UnreadableValue) as refused:
        from_text(_ITEMS[item_type], text)
    assert str(refused.value) == f"x takes {refused.value.expected}"
    assert len(text) < 3 or text not in str(refused.value)


@pytest.mark.parametrize(
    ("item_type", "value"),
    [
        (ItemType.STRING, 5),
        (ItemType.STRING, True),
        (ItemType.STRING, ["a"]),
        (ItemType.INTEGER, "5"),
        (ItemType.INTEGER, 5.0),
        (ItemType.INTEGER, True),
        (ItemType.INTEGER, 2**60),
        (ItemType.DECIMAL, 1.5),
        (ItemType.DECIMAL, False),
        (ItemType.BOOLEAN, "true"),
        (ItemType.BOOLEAN, 1),
        (ItemType.DATE, 20260131),
        (ItemType.TIMESTAMP, {}),
    ],
)
def test_json_of_another_form_is_refused(item_type: ItemType, value: object) -> None:
    with pytest.raises(UnreadableValue):
        from_json(_ITEMS[item_type], value)


def test_a_whole_json_number_is_a_decimal() -> None:
    assert from_json(_ITEMS[ItemType.DECIMAL], 1200) == Decimal(1200)


def test_a_decimal_is_brought_to_its_scale_without_losing_digits() -> None:
    money = item("money", ItemType.DECIMAL, scale=2)
    assert str(scaled(money, Decimal("5"))) == "5.00"
    assert str(scaled(money, Decimal("5.100"))) == "5.10"
    assert str(scaled(money, Decimal("-0"))) == "0.00"
    for lost in ("5.101", "1e30"):
        with pytest.raises(UnreadableValue):
            scaled(money, Decimal(lost))
