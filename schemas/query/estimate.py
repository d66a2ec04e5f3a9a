"""How many records a question may meet, from counts alone and fixed rules; used by cost limits and the planner."""

import math
from collections.abc import Iterable

from schemas.contracts.model import Contract
from schemas.query.bound import BoundCondition, BoundFilter, BoundQuery
from schemas.query.tree import Operator

#: Shares of a dataset that a condition leaves, in the manner of a database without statistics.
_EQUAL = 0.01
_CODED = 0.3
_RANGE = 0.33
_PATTERN = 0.1
_NULL = 0.1


def estimated_rows(query: BoundQuery, records: int) -> int:
    """The records that one level's filter may meet, at most `records`, at least 1 unless there are none."""
    if not records:
        return 0
    return max(1, round(records * _all(query.where, query.contract, records)))


def told(records: int, contracts: Iterable[Contract]) -> int:
    """What may be said of a number of records to whoever asks. Of a dataset that opens nothing to everybody, by any of
    its contracts, it is the first digit alone, rounded up, and ten at least: how many there are, and that one came or
    went, is not for everybody to know."""
    if any(item.open for one in contracts for item in one.items.values()):
        return records
    step: int = 10 ** max(1, len(str(records)) - 1)
    return max(1, -(-records // step)) * step


def _all(filters: tuple[BoundFilter, ...], contract: Contract, records: int) -> float:
    share = 1.0
    for one in filters:
        share *= _share(one, contract, records)
    key = {one.item.name for one in filters if isinstance(one, BoundCondition) and _is_equality(one)}
    return min(share, _keys(filters, contract) / records) if key.issuperset(contract.key) else share


def _share(one: BoundFilter, contract: Contract, records: int) -> float:
    if isinstance(one, BoundCondition):
        share = _condition(one, records)
    elif one.any:
        share = min(1.0, sum(_share(member, contract, records) for member in one.members))
    else:
        share = _all(one.members, contract, records)
    return 1.0 - share if one.negated else share


def _condition(one: BoundCondition, records: int) -> float:
    if one.operator in (Operator.EQ, Operator.IN):
        each = 1 / records if one.item.unique else _CODED if one.item.values else _EQUAL
        # A list of keys of a link meets a handful of records each, however many records there are.
        each = min(each, 5 / records) if one.item.format else each
        return min(1.0, each * (len(one.value) if isinstance(one.value, tuple) else 1))
    if one.operator is Operator.NEQ:
        return 1.0 - _EQUAL
    if one.operator is Operator.IS:
        return _NULL
    return _PATTERN if one.operator in (Operator.LIKE, Operator.ILIKE) else _RANGE


def _is_equality(one: BoundCondition) -> bool:
    return not one.negated and one.operator in (Operator.EQ, Operator.IN)


def _keys(filters: tuple[BoundFilter, ...], contract: Contract) -> int:
    """How many keys the conditions on the key's items can name."""
    values: dict[str, int] = {}
    for one in filters:
        if isinstance(one, BoundCondition) and _is_equality(one) and one.item.name in contract.key:
            named = len(one.value) if isinstance(one.value, tuple) else 1
            values[one.item.name] = min(named, values.get(one.item.name, named))
    return math.prod(values.values())
