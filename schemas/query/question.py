"""What both kinds of door read beside the grammar: cursor and range, lookups, claims; used by nodes and gateway."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from schemas.contracts.model import Item
from schemas.query.bound import Value
from schemas.query.parse import parse_body, parse_params
from schemas.query.tree import Condition, Operator, Place, Query
from schemas.query.values import UnreadableValue, from_json
from schemas.wire.preference import item_range
from schemas.wire.problem import Problem

_CLAIM_SIDES = ("where", "claims")


def from_address(parameters: Sequence[tuple[str, str]]) -> tuple[Query, str | None]:
    """The query and the cursor in a URL's parameters."""
    cursor = next((value for name, value in parameters if name == "cursor"), None)
    return parse_params(one for one in parameters if one[0] != "cursor"), cursor


def from_body(members: dict[str, Any]) -> tuple[Query, str | None]:
    """The query and the cursor in a POST body; the cursor is taken out of it."""
    cursor = members.pop("cursor", None)
    query = parse_body(members)
    if cursor is not None and not isinstance(cursor, str):
        raise Problem("bad-cursor", "A cursor is the text that the page before gave.")
    return query, cursor


def ranged(query: Query, header: str | None) -> Query:
    """The query within a Range header, which counts where the query itself says neither limit nor offset."""
    if header is None or query.limit is not None or query.offset:
        return query
    offset, limit = item_range(header)
    return replace(query, offset=offset, limit=limit)


def lookup_keys(members: dict[str, Any], most: int) -> tuple[str | None, list[Any]]:
    """The item that a lookup goes by (None: record ids) and its keys as sent, both taken out of the body."""
    by = members.pop("by", None)
    ids = members.pop("record_ids", None)
    keys = members.pop("keys", None) if ids is None else ids
    if not isinstance(keys, list) or (by is None) is (ids is None) or not isinstance(by, (str, type(None))):
        raise Problem("bad-body", 'Send either "by" with a list of "keys", or a list of "record_ids".')
    if len(keys) > most:
        raise Problem("too-large", f"{len(keys)} keys are more than {most}.", members={"limit": most})
    return by, keys


def lookup_query(query: Query, by: str | None) -> Query:
    """A lookup's query; with `by` its last condition names the item. Problem when it has a window."""
    if query.limit is not None or query.offset:
        raise Problem("bad-body", "A lookup answers every key whole; it takes no limit and no offset.")
    if by is None:
        return query
    # An empty IN lets `bind` find the item, and say what is wrong with it, as for any filter.
    return query.with_where(Condition(by, Operator.IN, (), place=Place("by")))


def lookup_values(item: Item, keys: Iterable[Any]) -> list[Value]:
    """What the item reads in each key; Problem bad-value with the key's place in the list."""
    return [_lookup_value(item, sent, place) for place, sent in enumerate(keys)]


def holdings(members: dict[str, Any], most: int) -> Mapping[str, str]:
    """What a caller holds, versions by record id, taken out of the body; nothing where it does not say."""
    held = members.pop("held", {})
    if not isinstance(held, dict) or not all(isinstance(one, str) for one in held.values()):
        raise Problem("bad-body", '"held" is an object: record ids, and the version of each as a text.')
    if len(held) > most:
        raise Problem("too-large", f"{len(held)} records are more than {most}.", members={"limit": most})
    return held


def whole(query: Query) -> Query:
    """The query itself, of which all records are wanted; Problem where it has a window or an order."""
    if query.limit is not None or query.offset or query.order:
        raise Problem("bad-body", "What changed is told of all records met: send no limit, offset or order.")
    return query


def claims(members: dict[str, Any]) -> Query:
    """A verification's `where` and `claims` as one query, which a record that says so meets."""
    if set(members) != set(_CLAIM_SIDES) or not all(
        isinstance(one, dict) and one for one in members.values()
    ):
        raise Problem("bad-body", 'Send "where" and "claims", each an object of items and values.')
    said = [(side, item, value) for side in _CLAIM_SIDES for item, value in members[side].items()]
    return Query(where=tuple(_claim(*one) for one in said), limit=1)


def _lookup_value(item: Item, sent: Any, place: int) -> Value:
    where = {"item": item.name, "position": place}
    try:
        value = from_json(item, sent)
    except UnreadableValue as fault:
        raise Problem("bad-value", str(fault), members=where) from None
    if value is None:
        raise Problem("bad-value", f"{item.name} is looked up by values, not by null.", members=where)
    return value


def _claim(side: str, item: str, value: object) -> Condition:
    place = Place(side)
    if value is None:
        return Condition(item, Operator.IS, "null", place=place)
    if isinstance(value, bool):
        return Condition(item, Operator.EQ, "true" if value else "false", place=place)
    if isinstance(value, (int, str)):
        return Condition(item, Operator.EQ, str(value), place=place)
    raise Problem("bad-body", f'"{side}" takes text, numbers, true, false and null.')
