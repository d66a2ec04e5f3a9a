"""The JSON Schema of items and records as they travel; used by API descriptions and event documents."""

from collections.abc import Iterable, Mapping
from typing import Any

from schemas.contracts.model import Contract, Item, ItemType, SharingClass

_FORMS: Mapping[ItemType, dict[str, Any]] = {
    ItemType.STRING: {"type": "string"},
    ItemType.INTEGER: {"type": "integer"},
    ItemType.BOOLEAN: {"type": "boolean"},
    ItemType.DECIMAL: {"type": "string", "format": "decimal"},
    ItemType.DATE: {"type": "string", "format": "date"},
    ItemType.TIMESTAMP: {"type": "string", "format": "date-time"},
}


def item_schema(item: Item) -> dict[str, Any]:
    """One item's wire form; null where it may be missing."""
    schema: dict[str, Any] = {**_FORMS[item.type], "title": item.title_zh, "description": item.title_en}
    if item.max_length is not None:
        schema["maxLength"] = item.max_length
    if item.values is not None:
        schema["enum"] = [*item.values, *([] if item.required else [None])]
    if not item.required:
        schema["type"] = [schema["type"], "null"]
    return schema


def served_schema(contract: Contract) -> dict[str, Any]:
    """A record as an object of all items that are served to anybody: withheld ones are no part of it."""
    withheld = SharingClass.WITHHELD
    return record_schema(
        contract,
        (name for name, item in contract.items.items() if item.sharing.sharing_class is not withheld),
    )


def record_schema(contract: Contract, items: Iterable[str]) -> dict[str, Any]:
    """A record as an object of some of its items."""
    return {
        "type": "object",
        "title": f"{contract.title_zh} ({contract.dataset} v{contract.major})",
        "description": contract.description,
        "properties": {name: item_schema(contract.items[name]) for name in items},
    }
