"""What an application is held against where its department publishes several majors of a dataset: a grant names none,
and so opens an item in each; asked by the office's rules."""

from collections.abc import Sequence
from dataclasses import replace

from schemas.contracts.model import Contract, Item, SharingClass

_STRICTNESS = (SharingClass.WITHHELD, SharingClass.UNCONDITIONAL, SharingClass.CONDITIONAL)


def judged(majors: Sequence[Contract]) -> Contract:
    """The first of them with every item of any, each by the strictest class by which one of them shares it. Withheld is
    what all withhold: where one does, its own contract keeps the item back, whatever was granted."""
    items: dict[str, Item] = {}
    for item in (item for contract in majors for item in contract.items.values()):
        if item.name not in items or _strictness(item) > _strictness(items[item.name]):
            items[item.name] = item
    return replace(majors[0], items=items)


def _strictness(item: Item) -> int:
    return _STRICTNESS.index(item.sharing.sharing_class)
