"""From record ids to the records themselves; used by one record's address, by lookups and by writes."""

from collections.abc import Sequence

from schemas.contracts.model import Contract
from schemas.query.bound import BoundCondition, BoundFilter, BoundGroup
from schemas.query.tree import Operator
from schemas.wire.problem import Problem
from services.engine.source.port import Key, RecordSource


def by_keys(contract: Contract, keys: Sequence[Key]) -> BoundFilter:
    """The filter that exactly these keys meet."""
    items = [contract.items[name] for name in contract.key]
    if len(items) == 1:
        return BoundCondition(items[0], Operator.IN, tuple(key[0] for key in keys))
    each = (
        BoundGroup(
            False,
            tuple(BoundCondition(item, Operator.EQ, part) for item, part in zip(items, key, strict=True)),
        )
        for key in keys
    )
    return BoundGroup(True, tuple(each))


async def key_of(source: RecordSource, dataset: str, record_id: str) -> Key:
    """The key of the record that has this id now; Problem unknown-record."""
    known = await source.keys(dataset, [record_id])
    if record_id not in known:
        raise unknown_record()
    return known[record_id]


def unknown_record() -> Problem:
    """The same words for a record that is not there and one outside the caller's rows."""
    return Problem("unknown-record", "The dataset holds no record with this id.")
