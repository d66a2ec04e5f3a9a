"""The filter that exactly some keys meet; used by the stores, and by the api for records at their addresses."""

from collections.abc import Sequence

from schemas.contracts.model import Contract, Item
from schemas.query.bound import BoundCondition, BoundFilter, BoundGroup
from schemas.query.tree import Operator
from services.engine.source.port import Key


def by_keys(contract: Contract, keys: Sequence[Key]) -> BoundFilter:
    """Met by the records with these keys. Of a composite key the last is said again until their number is a power of
    two, so that few shapes of statement serve all numbers."""
    items = [contract.items[name] for name in contract.key]
    if len(items) == 1:
        return BoundCondition(items[0], Operator.IN, tuple(key[0] for key in keys))
    if len(keys) == 1:
        return _same(items, keys[0])
    missing = (1 << (len(keys) - 1).bit_length()) - len(keys) if keys else 0
    return BoundGroup(True, tuple(_same(items, key) for key in (*keys, *list(keys[-1:]) * missing)))


def _same(items: Sequence[Item], key: Key) -> BoundGroup:
    conditions = (BoundCondition(item, Operator.EQ, part) for item, part in zip(items, key, strict=True))
    return BoundGroup(False, tuple(conditions))
