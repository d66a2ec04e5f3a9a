"""A query as parameters again, so that parse(render(q)) == q; called by the gateway to ask nodes."""

import re
from collections.abc import Iterator

from schemas.contracts.model import RESERVED
from schemas.query.sealed import SEALED, without_sealed, written
from schemas.query.tree import (
    Column,
    Condition,
    Filter,
    Group,
    Operator,
    Order,
    Query,
    Selection,
    Star,
)

_PLAIN_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*", re.ASCII)
_PLAIN_VALUE = re.compile(r"[^,(){}\"\\]+")
_SPECIAL = re.compile(r'(["\\])')


def render_params(query: Query) -> list[tuple[str, str]]:
    """The parameters in URL form (not yet percent-encoded)."""
    pairs = [("select", select_text(query))] if query.select else []
    return [*pairs, *_level(query, "")]


def render_body(query: Query) -> dict[str, object]:
    """The POST form: a member repeated becomes a list, and what travels sealed stands in a member of its own."""
    body: dict[str, object] = {}
    for name, text in render_params(without_sealed(query)):
        seen = body.get(name)
        if seen is None:
            body[name] = text
        else:
            body[name] = [*(seen if isinstance(seen, list) else [seen]), text]
    return {**body, SEALED: sealed} if (sealed := written(query)) else body


def select_text(query: Query) -> str:
    return ",".join(_selected(one) for one in query.select)


def _selected(one: Selection) -> str:
    if isinstance(one, Star):
        return "*"
    alias = f"{_name(one.alias)}:" if one.alias else ""
    if isinstance(one, Column):
        return alias + _name(one.name)
    return f"{alias}{_name(one.link)}{'!inner' if one.inner else ''}({select_text(one.query) or '*'})"


def _level(query: Query, path: str) -> Iterator[tuple[str, str]]:
    for one in query.where:
        yield _filter(one, path)
    if query.order:
        yield f"{path}order", ",".join(_order(one) for one in query.order)
    if query.limit is not None:
        yield f"{path}limit", str(query.limit)
    if query.offset:
        yield f"{path}offset", str(query.offset)
    for embed in query.embeds:
        yield from _level(embed.query, f"{path}{_step(embed.alias or embed.link)}.")


def _filter(one: Filter, path: str) -> tuple[str, str]:
    if isinstance(one, Group):
        return f"{path}{'not.' if one.negated else ''}{'or' if one.any else 'and'}", _members(one)
    return f"{path}{_step(one.item)}", _condition(one, in_list=False)


def _members(one: Group) -> str:
    return "(" + ",".join(_member(member) for member in one.members) + ")"


def _member(one: Filter) -> str:
    if isinstance(one, Group):
        return f"{'not.' if one.negated else ''}{'or' if one.any else 'and'}{_members(one)}"
    return f"{_name(one.item)}.{_condition(one, in_list=True)}"


def _condition(one: Condition, *, in_list: bool) -> str:
    negation = "not." if one.negated else ""
    if isinstance(one.value, tuple):
        return f"{negation}in.({','.join(_value(value) for value in one.value)})"
    quote = in_list and one.operator is not Operator.IS
    return f"{negation}{one.operator}.{_value(one.value) if quote else one.value}"


def _order(one: Order) -> str:
    nulls = {None: "", True: ".nullsfirst", False: ".nullslast"}[one.nulls_first]
    return f"{_name(one.item)}{'.desc' if one.descending else ''}{nulls}"


def _name(text: str) -> str:
    return text if _PLAIN_NAME.fullmatch(text) else _quote(text)


def _step(text: str) -> str:
    """A name in a parameter's name, where the grammar's own words stand for themselves unless quoted."""
    return _quote(text) if text in RESERVED else _name(text)


def _value(text: str) -> str:
    return text if _PLAIN_VALUE.fullmatch(text) else _quote(text)


def _quote(text: str) -> str:
    return '"' + _SPECIAL.sub(r"\\\1", text) + '"'
