"""One ODCS property as an item; used by `load` alone."""

from collections.abc import Iterator
from typing import Any

from open_data_contract_standard.model import SchemaProperty

from schemas.contracts.custom import Blame, Custom
from schemas.contracts.model import Item, ItemType, Sharing

_TYPES = {
    "string": ItemType.STRING,
    "integer": ItemType.INTEGER,
    "number": ItemType.DECIMAL,
    "boolean": ItemType.BOOLEAN,
    "date": ItemType.DATE,
    "timestamp": ItemType.TIMESTAMP,
}
_CUSTOM = frozenset({"titleEn", "sharing", "open", "personal", "notFilterable", "scale", "values"})
_OPTIONS = frozenset({"maxLength", "format"})
_MAX_SCALE = 6


def item_of(one: SchemaProperty, default: Sharing, blame: Blame) -> Item | None:
    """The item, with the dataset's sharing where it has none of its own; None when it has no name or no type."""
    if not one.name or one.logicalType not in _TYPES:
        blame(f"logicalType is one of {', '.join(_TYPES)}" if one.name else "an item needs a name")
        return None
    custom = Custom(one.customProperties, _CUSTOM, blame)
    options = one.logicalTypeOptions or {}
    item = Item(
        name=one.name,
        type=_TYPES[one.logicalType],
        title_zh=one.businessName or "",
        title_en=custom.text("titleEn"),
        sharing=custom.sharing("sharing") or default,
        required=bool(one.required or one.primaryKey),
        unique=bool(one.unique),
        description=one.description or "",
        open_basis=custom.optional("open"),
        personal=custom.flag("personal"),
        filterable=not custom.has("notFilterable"),
        not_filterable_because=custom.optional("notFilterable"),
        scale=custom.whole("scale"),
        max_length=options.get("maxLength"),
        values=custom.texts("values"),
        format=options.get("format"),
    )
    for reason in [*_wrong_options(options), *_wrong_for_type(item)]:
        blame(reason)
    return item


def _wrong_options(options: dict[str, Any]) -> Iterator[str]:
    for name in options.keys() - _OPTIONS:
        yield f"logicalTypeOptions.{name} is not kept here: it takes maxLength and format"
    longest = options.get("maxLength")
    if longest is not None and (type(longest) is not int or longest < 1):
        yield "maxLength is a whole number from 1"


def _wrong_for_type(item: Item) -> Iterator[str]:
    if item.type is not ItemType.DECIMAL and item.scale is not None:
        yield "scale is for numbers"
    if item.type is ItemType.DECIMAL and (item.scale is None or not 0 <= item.scale <= _MAX_SCALE):
        yield f"a number needs its scale, 0 to {_MAX_SCALE}"
    texts_only = (item.max_length, item.format, item.values)
    if item.type is not ItemType.STRING and texts_only != (None, None, None):
        yield "maxLength, format and values are for strings"
    if item.values is not None and (not item.values or len(set(item.values)) != len(item.values)):
        yield "values name at least one value, and each once"
