"""What a query means, in PostgreSQL's semantics: the reference that stores are held to, and the gateway's order.

Texts compare by code point, `like` sees case, `ilike` folds ASCII alone, decimals are exact, nulls make a
comparison unknown and sort as the query says.
"""

import functools
import operator
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from schemas.query.bound import BoundCondition, BoundFilter, BoundOrder, Value
from schemas.query.tree import Operator

_COMPARE: Mapping[Operator, Callable[[Any, Any], bool]] = {
    Operator.EQ: operator.eq,
    Operator.NEQ: operator.ne,
    Operator.GT: operator.gt,
    Operator.GTE: operator.ge,
    Operator.LT: operator.lt,
    Operator.LTE: operator.le,
}
_FOLD = {code: code + 32 for code in range(ord("A"), ord("Z") + 1)}


def matches(filters: Sequence[BoundFilter], record: Mapping[str, Value]) -> bool | None:
    """Whether a record meets all filters; None is unknown, which a query leaves out."""
    return _all(matches_one(one, record) for one in filters)


def matches_one(one: BoundFilter, record: Mapping[str, Value]) -> bool | None:
    """Whether a record meets one filter, three-valued."""
    if isinstance(one, BoundCondition):
        found = _condition(one, record[one.item.name])
    elif one.any:
        found = _any(matches_one(member, record) for member in one.members)
    else:
        found = _all(matches_one(member, record) for member in one.members)
    return found if found is None or not one.negated else not found


def _condition(one: BoundCondition, value: Value) -> bool | None:
    if one.operator is Operator.IS:
        return value is one.value
    if one.operator is Operator.IN:
        # An empty list is false, even of null.
        return (None if value is None else value in one.value) if one.value else False  # type: ignore[operator]
    if value is None:
        return None
    if one.operator in (Operator.LIKE, Operator.ILIKE):
        return like(str(one.value), str(value), fold=one.operator is Operator.ILIKE)
    return _COMPARE[one.operator](value, one.value)


def like(pattern: str, text: str, *, fold: bool) -> bool:
    """PostgreSQL's LIKE: `%` any run, `_` any one character, a backslash takes the next one as it is."""
    if fold:
        pattern, text = pattern.translate(_FOLD), text.translate(_FOLD)
    return _like(_tokens(pattern), text)


def _tokens(pattern: str) -> list[str | None]:
    """The pattern as characters; `%` is None and `_` the empty text."""
    tokens: list[str | None] = []
    at = 0
    while at < len(pattern):
        char = pattern[at]
        if char == "\\" and at + 1 < len(pattern):
            at += 1
            tokens.append(pattern[at])
        else:
            tokens.append(None if char == "%" else "" if char == "_" else char)
        at += 1
    return tokens


def _like(tokens: list[str | None], text: str) -> bool:
    """Greedy matching with one point to come back to, so that it takes at most length × length steps."""
    at = token = 0
    back_token, back_at = -1, 0
    while at < len(text):
        if token < len(tokens) and tokens[token] is not None and tokens[token] in ("", text[at]):
            at, token = at + 1, token + 1
        elif token < len(tokens) and tokens[token] is None:
            back_token, back_at = token, at
            token += 1
        elif back_token >= 0:
            back_at += 1
            at, token = back_at, back_token + 1
        else:
            return False
    return all(one is None for one in tokens[token:])


def compare(one: Sequence[Value], other: Sequence[Value], order: Sequence[BoundOrder]) -> int:
    """-1, 0 or 1 for two rows of order values."""
    for left, right, term in zip(one, other, order, strict=True):
        if left == right:
            continue
        if left is None or right is None:
            return -1 if (left is None) == term.nulls_first else 1
        return -1 if (left < right) != term.descending else 1  # type: ignore[operator]
    return 0


def sort_key(order: Sequence[BoundOrder]) -> Callable[[Sequence[Value]], object]:
    """A key for sorted() and heapq.merge() over rows of order values."""
    return functools.cmp_to_key(lambda one, other: compare(one, other, order))


def _all(found: Iterable[bool | None]) -> bool | None:
    seen = list(found)
    if False in seen:
        return False
    return None if None in seen else True


def _any(found: Iterable[bool | None]) -> bool | None:
    seen = list(found)
    if True in seen:
        return True
    return None if None in seen else False
