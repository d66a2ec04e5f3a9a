"""The county's contracts as files; written by `running` from the declarations in `county`."""

from collections.abc import Collection
from pathlib import Path
from typing import Any

from tests import odcs
from tests.flow.federation.county import DATASETS, Dataset, Relation


def write_contracts(folder: Path, personal: Collection[str] = ()) -> None:
    """All contracts of the county as files under `folder`; in the datasets that are `personal` every item that
    is shared is a conditional personal one."""
    for one in DATASETS.values():
        odcs.write(folder, document_of(one, personal=one.dataset in personal))


def document_of(one: Dataset, *, personal: bool = False) -> dict[str, Any]:
    """One contract of the county; `personal`: see above."""
    return odcs.document(
        one.dataset,
        [odcs.item(item, _said(one, item, personal)) for item in one.items],
        [_link(one, link) for link in one.relations],
        provider="测试县",
        keyPublic=one.key_public and not personal,
    )


def _said(one: Dataset, item: str, personal: bool) -> dict[str, Any]:
    spelling = one.items[item]
    said: dict[str, Any] = {"type": spelling.type, "personal": personal or item in one.personal}
    if personal:
        said["sharing"] = {"class": "conditional", "scope": "本县部门", "purpose": "核验"}
    if spelling.scale is not None:
        said["scale"] = spelling.scale
    if spelling.values is not None:
        said["values"] = list(spelling.values)
    if item in one.withheld:
        said["sharing"] = {
            "class": "withheld",
            "reason": "内部备注",
            "legalBasis": "个人信息保护法 第二十八条",
        }
    if item in one.key:
        said["key"] = one.key.index(item) + 1
    if spelling.options:
        said["options"] = spelling.options
    return said


def _link(one: Dataset, link: Relation) -> dict[str, Any]:
    return odcs.link(
        f"{one.name}.{link.item}",
        f"{link.target}.{link.target_item}",
        link.name,
        link.reverse,
        many=not link.one,
        back_to_many=not link.reverse_one,
    )
