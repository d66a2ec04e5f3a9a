"""Contracts as documents, for datasets that tests make up: as much as a sound one needs, and what they add."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import orjson

#: What is said of an item at a place of its own, beside its custom properties.
_SAID = ("key", "type", "options", "required")


def document(
    dataset: str,
    items: Iterable[dict[str, Any]],
    links: Iterable[dict[str, Any]] = (),
    *,
    provider: str = "测试局",
    version: str = "1.0.0",
    **custom: Any,
) -> dict[str, Any]:
    """A contract of these items and links; `custom` are further custom properties of the dataset."""
    domain, _, name = dataset.partition(".")
    always = {
        "titleEn": name,
        "provider": provider,
        "sourceDepartment": provider,
        "format": "database record",
        "sharingMode": "service interface",
        "grade": "L2",
        "sharing": {"class": "unconditional"},
    }
    table = {
        "name": name,
        "businessName": name,
        "logicalType": "object",
        "properties": list(items),
        "relationships": list(links),
    }
    return {
        "apiVersion": "v3.1.0",
        "kind": "DataContract",
        "id": f"urn:langqiao:contract:{dataset}:{version.partition('.')[0]}",
        "name": name,
        "version": version,
        "status": "active",
        "domain": domain,
        "description": {"purpose": "测试", "usage": "仅用于测试"},
        "slaProperties": [{"property": "frequency", "value": "realtime"}],
        "customProperties": _custom(always | custom),
        "schema": [table],
    }


def item(name: str, said: Mapping[str, Any]) -> dict[str, Any]:
    """An item: `key` is its place in the key, from 1, `type` a string's unless said, `options` those of its type; the
    rest are its custom properties."""
    custom = {one: value for one, value in said.items() if one not in _SAID}
    found: dict[str, Any] = {
        "name": name,
        "businessName": name,
        "logicalType": said.get("type", "string"),
        "required": said.get("required", False) or "key" in said,
        "customProperties": _custom({"titleEn": name, **custom}),
    }
    if "key" in said:
        found |= {"primaryKey": True, "primaryKeyPosition": said["key"]}
    if "options" in said:
        found["logicalTypeOptions"] = dict(said["options"])
    return found


def link(
    item: str, to: str, name: str, reverse: str, *, many: bool = False, back_to_many: bool = True
) -> dict[str, Any]:
    """A link from an item, said as `name.item`, to another dataset's, `kind.name.item`, and back."""
    words = {True: "many", False: "one"}
    custom = {
        "name": name,
        "cardinality": words[many],
        "reverse": reverse,
        "reverseCardinality": words[back_to_many],
    }
    return {"type": "foreignKey", "from": item, "to": to, "customProperties": _custom(custom)}


def write(folder: Path, document: Mapping[str, Any]) -> None:
    """The document as a file under `folder`, where contracts are looked for."""
    home = folder / document["domain"]
    home.mkdir(parents=True, exist_ok=True)
    major = document["version"].partition(".")[0]
    (home / f"{document['name']}.v{major}.odcs.yaml").write_bytes(orjson.dumps(document))


def _custom(members: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [{"property": name, "value": value} for name, value in members.items()]
