"""What a caller asked, read from the message that it signed; used by nodes to judge what is asked in its name."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import parse_qsl, unquote

import orjson

from schemas.query.parse import parse_body, parse_params
from schemas.query.question import claims, from_address, from_body, lookup_keys, lookup_query, ranged
from schemas.query.tree import Query
from schemas.trust.message import Message
from schemas.wire import headers as names
from schemas.wire.preference import preferences
from schemas.wire.problem import Problem

_RECORDS = "/records/"
_MOST_KEYS = 10_000


class Unreadable(Exception):
    """What was signed is no question about records."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A question as its caller put it to a gateway: `query` with all its embeds, of `dataset`.

    `by` and `keys` are set by a lookup of an item, whose condition stands last in `query`; `ids` by a question for
    records at their addresses. `shows` is false where no more is shown of a record than whether it is there. `going_on`
    says that it bears a gateway's cursor, which says nothing to a node.
    """

    dataset: str
    query: Query
    major: int | None = None
    by: str | None = None
    keys: tuple[Any, ...] = ()
    ids: frozenset[str] | None = None
    shows: bool = True
    counted: bool = False
    going_on: bool = False


def asked(question: Message) -> Asked:
    """What a signed message asks; raises Unreadable."""
    try:
        return _read(question)
    except (Problem, ValueError):
        raise Unreadable from None


def _read(question: Message) -> Asked:
    dataset, rest = _address(question.path)
    found = (_by_body if question.method == "POST" else _by_address)(question, dataset, rest)
    major = question.headers.get(names.CONTRACT_VERSION, "")
    counted = preferences(question.headers.get("prefer", "")).count_exact
    return replace(found, major=int(major) if major else None, counted=counted)


def _address(path: str) -> tuple[str, str]:
    """The dataset, and what follows it: a verb, a record id, or nothing."""
    if not path.startswith(_RECORDS):
        raise Unreadable
    kind, name, *rest = [unquote(part) for part in path.removeprefix(_RECORDS).rstrip("/").split("/")] + [""]
    if not name or len(rest) > 2:
        raise Unreadable
    return f"{kind}.{name}", rest[0] if len(rest) == 2 else ""


def _by_address(question: Message, dataset: str, record_id: str) -> Asked:
    parameters = parse_qsl(question.query, keep_blank_values=True)
    if question.method not in ("GET", "HEAD"):
        raise Unreadable
    if record_id:
        return Asked(dataset, parse_params(parameters), ids=frozenset({record_id}))
    query, cursor = from_address(parameters)
    return Asked(dataset, ranged(query, question.headers.get("range")), going_on=cursor is not None)


def _by_body(question: Message, dataset: str, verb: str) -> Asked:
    members = orjson.loads(question.body)
    if not isinstance(members, dict):
        raise Unreadable
    if verb == "query":
        query, cursor = from_body(members)
        return Asked(dataset, ranged(query, question.headers.get("range")), going_on=cursor is not None)
    if verb == "verify":
        return Asked(dataset, claims(members), shows=False)
    if verb == "lookup":
        return _lookup(dataset, members)
    raise Unreadable


def _lookup(dataset: str, members: Mapping[str, Any]) -> Asked:
    rest = dict(members)
    by, keys = lookup_keys(rest, _MOST_KEYS)
    query = lookup_query(parse_body(rest), by)
    if by is None:
        return Asked(dataset, query, ids=frozenset(one for one in keys if isinstance(one, str)))
    return Asked(dataset, query, by=by, keys=tuple(keys))
