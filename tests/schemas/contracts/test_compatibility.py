"""What differs between two versions of a contract, and what of it breaks its users."""

from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from schemas.contracts.compatibility import Difference, differences
from schemas.contracts.model import Cardinality, Contract, Item, ItemType, Link, Sharing, SharingClass
from tests.schemas.contracts.making import contract

_CASES = yaml.safe_load((Path(__file__).parent / "compatibility.yaml").read_text(encoding="utf-8"))
_BEFORE = contract()


def test_a_contract_does_not_differ_from_itself() -> None:
    assert differences(_BEFORE, contract()) == []


@pytest.mark.parametrize("case", _CASES, ids=[case["name"] for case in _CASES])
def test_a_step_is_told_as_breaking_or_harmless(case: dict[str, Any]) -> None:
    after = contract(*((old, new) for old, new in case["edits"]))
    found = [[one.item, one.text, one.breaking] for one in differences(_BEFORE, after)]
    assert found == case["differs"]


@pytest.mark.parametrize("case", _CASES, ids=[case["name"] for case in _CASES])
def test_every_difference_is_seen_from_both_sides(case: dict[str, Any]) -> None:
    after = contract(*((old, new) for old, new in case["edits"]))
    assert {one.item for one in differences(after, _BEFORE)} == {
        one.item for one in differences(_BEFORE, after)
    }


def _changed(value: Any, name: str) -> Any:
    """Another value of the same sort."""
    special: dict[str, Any] = {
        "type": ItemType.BOOLEAN,
        "sharing": Sharing(SharingClass.WITHHELD, reason="r", legal_basis="b"),
        "cardinality": Cardinality.MANY,
        "reverse_cardinality": Cardinality.ONE,
        "key": ("kind",),
        "subjects": ("kind",),
        "values": ("sail",),
    }
    if name in special:
        return special[name]
    if isinstance(value, bool):
        return not value
    return value + 1 if isinstance(value, int) else f"{value or ''}x"


@pytest.mark.parametrize(
    "name", [one.name for one in fields(Contract) if one.name not in ("version", "items", "links")]
)
def test_no_change_of_the_dataset_goes_unseen(name: str) -> None:
    after = replace(_BEFORE, **{name: _changed(getattr(_BEFORE, name), name)})
    assert [one.item for one in differences(_BEFORE, after)] == [""]


@pytest.mark.parametrize("name", [one.name for one in fields(Item) if one.name != "name"])
def test_no_change_of_an_item_goes_unseen(name: str) -> None:
    item = replace(_BEFORE.items["kind"], **{name: _changed(getattr(_BEFORE.items["kind"], name), name)})
    after = replace(_BEFORE, items={**_BEFORE.items, "kind": item})
    assert [one.item for one in differences(_BEFORE, after)] == ["kind"]


@pytest.mark.parametrize("name", [one.name for one in fields(Link)])
def test_every_change_of_a_link_breaks(name: str) -> None:
    link = replace(_BEFORE.links[0], **{name: _changed(getattr(_BEFORE.links[0], name), name)})
    found = differences(_BEFORE, replace(_BEFORE, links=(link,)))
    assert any(one.breaking for one in found)


def test_a_removed_link_breaks_and_a_new_one_does_not() -> None:
    without = replace(_BEFORE, links=())
    assert differences(_BEFORE, without) == [Difference("owner_id", "link owner removed", True)]
    assert differences(without, _BEFORE) == [Difference("owner_id", "link owner is new", False)]
