"""A bound query as a tree of names and texts again, so that bind(unbind(b)) == b; called by the gateway."""

from schemas.query.bound import BoundCondition, BoundFilter, BoundQuery, Value
from schemas.query.tree import (
    Column,
    Condition,
    Embed,
    Filter,
    Group,
    Operator,
    Order,
    Query,
    Selection,
    Star,
)
from schemas.query.values import to_wire

_TRUTHS = {None: "null", True: "true", False: "false"}


def unbind(query: BoundQuery) -> Query:
    """The query's names and texts, embeds included."""
    select: list[Selection] = [Star()] if query.star else []
    for column in query.columns:
        alias = column.name if column.name != column.item.name else None
        select.append(Column(column.item.name, alias, sealed_for=column.sealed_for))
    for embed in query.embeds:
        alias = embed.name if embed.name != embed.link.name else None
        select.append(Embed(embed.link.name, unbind(embed.query), alias, embed.inner))
    return Query(
        tuple(select),
        tuple(filter_of(one) for one in query.where),
        tuple(Order(one.item.name, one.descending, one.nulls_first) for one in query.order),
        query.limit,
        query.offset,
    )


def filter_of(one: BoundFilter) -> Filter:
    """One filter's names and texts."""
    if isinstance(one, BoundCondition):
        return Condition(one.item.name, one.operator, _text(one), one.negated, sealed_for=one.sealed_for)
    return Group(one.any, tuple(filter_of(member) for member in one.members), one.negated)


def _text(one: BoundCondition) -> str | tuple[str, ...]:
    if isinstance(one.value, tuple):
        return tuple(_word(value) for value in one.value)
    if one.operator is Operator.IS:
        return _TRUTHS[one.value]  # type: ignore[index]
    return _word(one.value)


def _word(value: Value) -> str:
    wire = to_wire(value)
    if isinstance(wire, bool):
        return "true" if wire else "false"
    return str(wire)
