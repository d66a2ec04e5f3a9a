"""The county's contracts as files; written by `running` from the declarations in `county`."""

from collections.abc import Collection
from pathlib import Path
from typing import Any

import orjson

from tests.flow.federation.county import DATASETS, Dataset, Relation


def write_contracts(folder: Path, personal: Collection[str] = ()) -> None:
    """All contracts of the county as files under `folder`; in the datasets that are `personal` every item that
    is shared is a conditional personal one."""
    for one in DATASETS.values():
        home = folder / one.kind
        home.mkdir(parents=True, exist_ok=True)
        (home / f"{one.name}.v1.odcs.yaml").write_bytes(
            orjson.dumps(document_of(one, personal=one.dataset in personal))
        )


def document_of(one: Dataset, *, personal: bool = False) -> dict[str, Any]:
    """One contract of the county; `personal`: see above."""
    custom = {
        "titleEn": one.name,
        "provider": "测试县",
        "sourceDepartment": "测试县",
        "format": "database record",
        "sharingMode": "service interface",
        "grade": "L2",
        "keyPublic": one.key_public and not personal,
        "sharing": {"class": "unconditional"},
    }
    table = {
        "name": one.name,
        "businessName": one.name,
        "logicalType": "object",
        "properties": [_property(one, item, personal) for item in one.items],
        "relationships": [_relationship(one, link) for link in one.relations],
    }
    return {
        "apiVersion": "v3.1.0",
        "kind": "DataContract",
        "id": f"urn:langqiao:contract:{one.dataset}:1",
        "name": one.name,
        "version": "1.0.0",
        "status": "active",
        "domain": one.kind,
        "description": {"purpose": "测试", "usage": "仅用于测试"},
        "slaProperties": [{"property": "frequency", "value": "realtime"}],
        "customProperties": _custom(custom),
        "schema": [table],
    }


def _property(one: Dataset, item: str, personal: bool) -> dict[str, Any]:
    spelling = one.items[item]
    custom: dict[str, Any] = {"titleEn": item, "personal": personal or item in one.personal}
    if personal:
        custom["sharing"] = {"class": "conditional", "scope": "本县部门", "purpose": "核验"}
    if spelling.scale is not None:
        custom["scale"] = spelling.scale
    if spelling.values is not None:
        custom["values"] = list(spelling.values)
    if item in one.withheld:
        custom["sharing"] = {
            "class": "withheld",
            "reason": "内部备注",
            "legalBasis": "个人信息保护法 第二十八条",
        }
    found: dict[str, Any] = {
        "name": item,
        "businessName": item,
        "logicalType": spelling.type,
        "customProperties": _custom(custom),
    }
    if item in one.key:
        found |= {"primaryKey": True, "primaryKeyPosition": one.key.index(item) + 1, "required": True}
    if spelling.options:
        found["logicalTypeOptions"] = dict(spelling.options)
    return found


def _relationship(one: Dataset, link: Relation) -> dict[str, Any]:
    words = {True: "one", False: "many"}
    custom = {
        "name": link.name,
        "cardinality": words[link.one],
        "reverse": link.reverse,
        "reverseCardinality": words[link.reverse_one],
    }
    return {
        "type": "foreignKey",
        "from": f"{one.name}.{link.item}",
        "to": f"{link.target}.{link.target_item}",
        "customProperties": _custom(custom),
    }


def _custom(members: dict[str, Any]) -> list[dict[str, Any]]:
    return [{"property": name, "value": value} for name, value in members.items()]
