"""What of a question travels sealed, in the member `sealed` of a body: columns that are shown as sealed keys of a link,
and records that sealed keys meet. Written by gateways, through `render`; read by whoever a gateway asks."""

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from schemas.query.size import refuse_large
from schemas.query.tree import Column, Condition, Filter, Operator, Place, Query, Selection
from schemas.wire.problem import Problem

SEALED = "sealed"

_END = re.compile(r"[a-z][a-z0-9_]{0,63}(\.[a-z][a-z0-9_]{0,63}){2}")
_FORM = (
    'sealed takes "show", columns and the <dataset>.<item> that the link of each leads to, and "meet", a list of'
    ' objects of "item", "for" and "keys".'
)


def written(query: Query) -> dict[str, Any]:
    """The member's value; empty where nothing of this level is sealed."""
    columns = (one for one in query.select if isinstance(one, Column))
    show = {one.alias or one.name: one.sealed_for for one in columns if one.sealed_for is not None}
    meet = [
        {"item": one.item, "for": one.sealed_for, "keys": list(one.value)}
        for one in query.where
        if isinstance(one, Condition) and one.sealed_for is not None
    ]
    return ({"show": show} if show else {}) | ({"meet": meet} if meet else {})


def met_too(said: Any, more: Filter) -> dict[str, Any]:
    """The member's value, None where there is none, with one more condition that is sealed."""
    [added] = written(Query(where=(more,)))["meet"]
    said = said or {}
    return {**said, "meet": [*said.get("meet", ()), added]}


def without_sealed(query: Query) -> Query:
    """The query without the conditions that are sealed."""
    kept = tuple(
        one for one in query.where if not (isinstance(one, Condition) and one.sealed_for is not None)
    )
    return query if len(kept) == len(query.where) else replace(query, where=kept)


def with_sealed(query: Query, said: Any) -> Query:
    """The query with what a body's member `sealed` says, None where it has none. Problem bad-body, too-large."""
    if said is None:
        return query
    if not isinstance(said, dict) or not said.keys() <= {"show", "meet"}:
        raise _bad()
    whole = replace(
        query,
        select=_shown(query.select, said.get("show", {})),
        where=(*query.where, *_met(said.get("meet", []))),
    )
    refuse_large(whole)
    return whole


def _shown(select: tuple[Selection, ...], said: Any) -> tuple[Selection, ...]:
    """The columns, those that are named as sealed ones; each name must be a column's."""
    if not isinstance(said, dict) or not all(map(_is_end, said.values())):
        raise _bad()
    sealed = [
        replace(one, sealed_for=said[name])
        if isinstance(one, Column) and (name := one.alias or one.name) in said
        else one
        for one in select
    ]
    if sum(isinstance(one, Column) and one.sealed_for is not None for one in sealed) != len(said):
        raise _bad()
    return tuple(sealed)


def _met(said: Any) -> Iterator[Condition]:
    if not isinstance(said, list):
        raise _bad()
    for one in said:
        if not isinstance(one, dict) or one.keys() != {"item", "for", "keys"}:
            raise _bad()
        item, end, keys = one["item"], one["for"], one["keys"]
        good = isinstance(item, str) and _is_end(end) and isinstance(keys, list)
        if not good or not all(isinstance(key, str) for key in keys):
            raise _bad()
        yield Condition(item, Operator.IN, tuple(keys), sealed_for=end, place=Place(SEALED))


def _is_end(said: Any) -> bool:
    return isinstance(said, str) and _END.fullmatch(said) is not None


def _bad() -> Problem:
    return Problem("bad-body", _FORM)
