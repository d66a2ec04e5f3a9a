"""Building a mapping: what does not fit contract, table and codec is refused, by name."""

from typing import Any

import pytest

from schemas.contracts.load import load_document
from schemas.contracts.model import Contract
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
from services.engine.mapping.model import Codec, Stored

_VEHICLES = table(
    "vehicles",
    key="plate",
    text="plate colour price bought note",
    typed={
        "seats": "integer",
        "taxed": "numeric(10,3)",
        "seen": "timestamp",
        "sold": "date",
        "gone": "boolean",
    },
    indexes=("colour bought",),
)
_COLOURS = Coded({"1": "red", "2": "green"})
_WHOLE: dict[str, tuple[str, Codec]] = {
    "plate": ("plate", Upper()),
    "colour": ("colour", _COLOURS),
    "price": ("price", Amount(2, text=True)),
    "bought": ("bought", LooseDate()),
}


def _contract() -> Contract:
    custom: dict[str, Any] = {
        "titleEn": "Vehicles",
        "provider": "车管所",
        "sourceDepartment": "车管所",
        "format": "database record",
        "sharingMode": "service interface",
        "grade": "L1",
        "sharing": {"class": "unconditional"},
    }
    return load_document(
        {
            "apiVersion": "v3.1.0",
            "kind": "DataContract",
            "id": "urn:test",
            "version": "1.0.0",
            "status": "active",
            "domain": "vehicles",
            "description": {"purpose": "测试", "usage": "仅用于测试"},
            "slaProperties": [{"property": "frequency", "value": "daily"}],
            "customProperties": _custom(custom),
            "schema": [
                {
                    "name": "cars",
                    "businessName": "车辆",
                    "properties": [
                        {
                            "name": "plate",
                            "businessName": "号牌",
                            "logicalType": "string",
                            "primaryKey": True,
                        },
                        _item("colour", "string", {"values": ["red", "green"]}),
                        _item("price", "number", {"scale": 2}),
                        _item("bought", "date", {}),
                    ],
                }
            ],
        }
    )


def _item(name: str, kind: str, custom: dict[str, Any]) -> dict[str, Any]:
    return {"name": name, "businessName": name, "logicalType": kind, "customProperties": _custom(custom)}


def _custom(members: dict[str, Any]) -> list[dict[str, Any]]:
    return [{"property": name, "value": value} for name, value in members.items()]


#: What is done to the whole mapping, and what is said of it.
UNFIT: list[tuple[dict[str, tuple[str, Codec] | None], str]] = [
    ({"price": None}, "item price is not mapped"),
    ({"doors": ("note", Text())}, "item doors is mapped, but not in the contract"),
    ({"price": ("cost", Amount(2, text=True))}, "item price: vehicles has no column cost"),
    ({"bought": ("price", LooseDate())}, "column price holds 2 items"),
    ({"plate": ("note", Upper())}, "the key's items are not the key columns of vehicles"),
    ({"price": ("price", Text())}, "item price: Text reads as string, the item is decimal"),
    ({"price": ("price", Amount(3, text=True))}, "item price: the codec's scale is 3, the contract's 2"),
    ({"price": ("price", Amount(2, text=False))}, "item price: Amount does not read a column of text"),
    ({"price": ("taxed", Amount(2, text=False))}, "item price: Amount does not read a column of numeric"),
    ({"bought": ("bought", NativeDate())}, "item bought: NativeDate does not read a column of text"),
    ({"bought": ("sold", LooseDate())}, "item bought: LooseDate does not read a column of date"),
    ({"bought": ("seen", NativeTimestamp())}, "NativeTimestamp reads as timestamp, the item is date"),
    ({"bought": ("note", TextTimestamp())}, "TextTimestamp reads as timestamp, the item is date"),
    ({"bought": ("gone", Flag((True,), (False,)))}, "Flag reads as boolean, the item is date"),
    ({"bought": ("seats", Whole(text=False))}, "Whole reads as integer, the item is date"),
    ({"colour": ("seats", _COLOURS)}, "item colour: Coded does not read a column of integer"),
    ({"colour": ("colour", Coded({"1": "red"}))}, "item colour: the code table and the contract's list"),
    (
        {"colour": ("colour", Coded({"1": "red", "2": "green", "3": "blue"}))},
        "the code table and the contract",
    ),
]


def test_a_mapping_has_every_item_in_the_order_of_the_contract() -> None:
    built = mapping(_contract(), _VEHICLES, dict(reversed(_WHOLE.items())))
    assert [field.item for field in built.fields.values()] == ["plate", "colour", "price", "bought"]
    assert built.key_columns == ("plate",)


def test_a_code_table_may_stand_on_whole_numbers() -> None:
    fields = _WHOLE | {"colour": ("seats", Coded({1: "red", 2: "green"}))}
    assert mapping(_contract(), _VEHICLES, fields).fields["colour"].codec.decode(2) == "green"


@pytest.mark.parametrize(("change", "said"), UNFIT)
def test_what_does_not_fit_is_refused_by_name(change: dict[str, tuple[str, Codec] | None], said: str) -> None:
    fields = {name: one for name, one in {**_WHOLE, **change}.items() if one is not None}
    with pytest.raises(ValueError, match=f"^(.*\n)*vehicles.cars v1: .*{said}"):
        mapping(_contract(), _VEHICLES, fields)


def test_a_table_of_unknown_types_or_with_a_key_that_is_no_column_is_refused() -> None:
    odd = table("odd", key="id", text="plate colour price bought", typed={"blob": "bytea"})
    with pytest.raises(ValueError, match=r"bytea(.*\n)*.*key or an index over id"):
        mapping(_contract(), odd, _WHOLE)


class _Reversed:
    """A department's own codec."""

    def decode(self, stored: Stored) -> str | None:
        return stored[::-1] if isinstance(stored, str) else None

    def encode(self, value: object) -> Stored:
        return self.decode(value)

    def spellings(self, value: object) -> tuple[Stored, ...] | None:
        return (self.decode(value),)


def test_a_department_may_bring_a_codec_of_its_own() -> None:
    built = mapping(_contract(), _VEHICLES, _WHOLE | {"plate": ("plate", _Reversed())})
    assert built.fields["plate"].codec.decode("AB") == "BA"
