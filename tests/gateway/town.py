"""A made-up town for the gateway's tests: contracts of four departments as documents, and their records as values."""

from collections.abc import Mapping
from copy import deepcopy
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from schemas.law.identifiers import make_id_number
from schemas.query.bound import Value
from tests import odcs

EAST, WEST = "330203", "330205"
Rows = list[dict[str, Value]]

_PERSONAL = {"personal": True}
_CONDITIONAL = {"sharing": {"class": "conditional", "scope": "本市部门", "purpose": "核验"}}
_WITHHELD = {
    "sharing": {"class": "withheld", "reason": "内部备注", "legalBasis": "个人信息保护法 第二十八条"}
}
_OPEN = {"open": "企业信息公示暂行条例 第六条"}

_SHOPS: dict[str, dict[str, Any]] = {
    "code": {"key": 1, **_OPEN},
    "name": {"required": True, **_OPEN},
    "district": {"options": {"format": "division"}, **_OPEN},
    "staff": {"type": "integer", **_OPEN},
    "capital": {"type": "number", "scale": 2},
    "opened_on": {"type": "date", **_OPEN},
    "owner_id": {"options": {"format": "id-number"}, **_PERSONAL},
    "parent_code": {**_OPEN},
    "remark": {**_WITHHELD},
}
_PERMITS: dict[str, dict[str, Any]] = {
    "permit_no": {"key": 1, **_OPEN},
    "shop_code": {"required": True, **_OPEN},
    "status": {"values": ["valid", "revoked"], **_OPEN},
    "valid_to": {"type": "date", **_OPEN},
}
_ACCOUNTS: dict[str, dict[str, Any]] = {"code": {"key": 1, **_OPEN}, "grade": {**_OPEN}}
_DEBTS: dict[str, dict[str, Any]] = {
    "shop_code": {"key": 1},
    "tax": {"key": 2},
    "amount": {"type": "number", "scale": 2},
}
_PERSONS: dict[str, dict[str, Any]] = {
    "id_number": {"key": 1, "options": {"format": "id-number"}, **_PERSONAL},
    "name": {"required": True, **_PERSONAL},
    "health": {**_PERSONAL, **_CONDITIONAL},
}


_LINKS = {
    "trade.shops": [
        odcs.link("shops.parent_code", "trade.shops.code", "parent", "branches"),
        odcs.link("shops.owner_id", "roll.persons.id_number", "owner", "shops"),
    ],
    "licensing.permits": [odcs.link("permits.shop_code", "trade.shops.code", "shop", "permits")],
    "revenue.accounts": [
        odcs.link("accounts.code", "trade.shops.code", "shop", "account", back_to_many=False)
    ],
    "revenue.debts": [
        odcs.link("debts.shop_code", "trade.shops.code", "shop", "debts"),
        odcs.link("debts.shop_code", "revenue.accounts.code", "account", "debts"),
    ],
}
_ITEMS = {
    "trade.shops": _SHOPS,
    "licensing.permits": _PERMITS,
    "revenue.accounts": _ACCOUNTS,
    "revenue.debts": _DEBTS,
    "roll.persons": _PERSONS,
}
DATASETS = tuple(_ITEMS)


def contract(
    dataset: str, version: str = "1.0.0", more: Mapping[str, dict[str, Any]] | None = None
) -> dict[str, Any]:
    """The contract of a dataset as an ODCS document; `more` adds items, for another version."""
    items = {**_ITEMS[dataset], **(more or {})}
    return odcs.document(
        dataset,
        [odcs.item(item, said) for item, said in items.items()],
        deepcopy(_LINKS.get(dataset, [])),
        version=version,
        keyPublic=dataset != "roll.persons",
        **({"divisionItem": "district"} if "district" in items else {}),
    )


#: Shops s00 … s29: the even ones in the east, the odd ones in the west.
SHOPS = 30


def owner_id(number: int) -> str:
    """The made-up ID number of a person."""
    return make_id_number(EAST, date(1980, 1, 1) + timedelta(days=number), number)


def shops() -> Rows:
    """Every third shop has no owner, every fourth a parent, every seventh no opening day."""
    return [
        {
            "code": f"s{number:02d}",
            "name": f"店{number % 10}",
            "district": WEST if number % 2 else EAST,
            "staff": number % 5,
            "capital": Decimal("100.50") + number // 4,
            "opened_on": None if number % 7 == 6 else date(2020, 6, 1) + timedelta(days=number // 3),
            "owner_id": None if number % 3 == 2 else owner_id(number % 4),
            "parent_code": f"s{number // 4:02d}" if number % 4 == 3 else None,
            "remark": "kept by the office",
        }
        for number in range(SHOPS)
    ]


def records() -> dict[str, Rows]:
    """Every record of the town, by dataset."""
    permits: Rows = [
        {
            "permit_no": f"p{number:02d}",
            "shop_code": f"s{number * 7 % 20:02d}",
            "status": "revoked" if number % 3 == 0 else "valid",
            "valid_to": date(2027, 1, 1) + timedelta(days=number),
        }
        for number in range(24)
    ]
    accounts: Rows = [{"code": f"s{number:02d}", "grade": "ABM"[number % 3]} for number in range(0, SHOPS, 2)]
    debts: Rows = [
        {"shop_code": f"s{number:02d}", "tax": tax, "amount": Decimal("10.10") * (number + 1)}
        for number in (0, 3, 4, 7, 12, 40)
        for tax in ("vat", "stamp")
    ]
    persons: Rows = [
        {"id_number": owner_id(number), "name": f"人{number}", "health": "good"} for number in range(3)
    ]
    return {
        "trade.shops": shops(),
        "licensing.permits": permits,
        "revenue.accounts": accounts,
        "revenue.debts": debts,
        "roll.persons": persons,
    }
