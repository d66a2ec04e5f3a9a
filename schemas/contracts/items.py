"""One ODCS property as an item; used by `load` alone."""

from collections.abc import Callable, Mapping
from typing import Any

from open_data_contract_standard.model import SchemaProperty

from schemas.contracts.model import Item, ItemType, Sharing

_TYPES = {
    "string": ItemType.STRING,
    "integer": ItemType.INTEGER,
    "number": ItemType.DECIMAL,
    "boolean": ItemType.BOOLEAN,
    "date": ItemType.DATE,
    "timestamp": ItemType.TIMESTAMP,
}
_MAX_SCALE = 6


def item_of(
    one: SchemaProperty,
    default: Sharing,
    custom: Mapping[str, Any],
    sharing_of: Callable[[object], Sharing | None],
) -> Item:
    """The item; `default` is the dataset's sharing. Raises ValueError saying what is wrong with it."""
    if not one.name:
        raise ValueError("an item needs a name")
    if one.logicalType not in _TYPES:
        raise ValueError(f"logicalType is one of {', '.join(_TYPES)}")
    sharing = default
    if "sharing" in custom:
        own = sharing_of(custom["sharing"])
        if own is None:
            raise ValueError("sharing.class is unconditional, conditional or withheld")
        sharing = own
    options = one.logicalTypeOptions or {}
    kept = custom.get("notFilterable")
    return Item(
        name=one.name,
        type=_TYPES[one.logicalType],
        title_zh=one.businessName or "",
        title_en=str(custom.get("titleEn") or ""),
        sharing=sharing,
        required=bool(one.required or one.primaryKey),
        unique=bool(one.unique),
        description=one.description or "",
        open_basis=custom.get("open"),
        personal=custom.get("personal") is True,
        filterable=kept is None,
        not_filterable_because=kept,
        scale=_scale(one.logicalType, custom),
        max_length=options.get("maxLength"),
        values=tuple(str(value) for value in custom["values"]) if "values" in custom else None,
        format=options.get("format"),
    )


def _scale(logical_type: str | None, custom: Mapping[str, Any]) -> int | None:
    if logical_type != "number":
        return None
    scale = custom.get("scale")
    if not isinstance(scale, int) or not 0 <= scale <= _MAX_SCALE:
        raise ValueError(f"a number needs its scale, 0 to {_MAX_SCALE}")
    return scale
