"""Where an answer begins and how a caller goes on: the gateway's cursors over the nodes' cursors; used by `listing`."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from urllib.parse import quote

import orjson

from gateway.call import Call
from schemas.query.render import render_params
from schemas.query.sealed import without_sealed
from schemas.query.tree import Query
from schemas.wire import cursor
from schemas.wire.problem import Problem


@dataclass(frozen=True, slots=True)
class Place:
    """How far one node's rows are used: `used` of the page that its cursor leads to; `done`: all of them."""

    cursor: str | None = None
    used: int = 0
    done: bool = False


@dataclass(frozen=True, slots=True)
class Position:
    """How far a walk has come: rows passed so far, how the plan was begun, and each node's place."""

    passed: int
    start: str
    page: int
    places: Mapping[str, Place]


def seal(call: Call, query: Query, major: int, position: Position) -> str:
    """The cursor of a position, good for this caller and this question."""
    plain = [
        position.passed,
        position.start,
        position.page,
        [[node, one.cursor, one.used, one.done] for node, one in position.places.items()],
    ]
    expires = int(call.gateway.clock().timestamp()) + call.gateway.settings.cursor_seconds
    return cursor.seal(call.gateway.secret, _binding(call, query, major), plain, expires)


def opened(call: Call, query: Query, major: int, text: str) -> Position:
    """The position of a cursor; Problem bad-cursor, also when other nodes keep the dataset now."""
    now = int(call.gateway.clock().timestamp())
    passed, start, page, places = cursor.open_cursor(
        call.gateway.secret, _binding(call, query, major), text, now
    )
    found = {node: Place(*place) for node, *place in places}
    if set(found) != {offer.node for offer in call.area.offers[call.dataset]}:
        raise Problem("bad-cursor", "The cursor cannot be used: other nodes keep the dataset now.")
    return Position(passed, start, page, found)


def next_link(path: str, parameters: Sequence[tuple[str, str]], sealed: str) -> str:
    """`Link` to the next page of a GET; `path` as it came, still quoted."""
    kept = [(name, value) for name, value in parameters if name not in ("cursor", "offset")]
    pairs = "&".join(f"{quote(name)}={quote(value)}" for name, value in (*kept, ("cursor", sealed)))
    return f'<{path}?{pairs}>; rel="next"'


def _binding(call: Call, query: Query, major: int) -> bytes:
    """What a cursor is bound to: who asks, as whom, what for, and the same question, the offset aside, and what another
    gateway sent sealed, which is another text each time; the nodes' own cursors are bound to it."""
    caller = call.caller
    who = [caller.member, caller.system, caller.officer, caller.purpose, caller.on_behalf]
    asked = render_params(without_sealed(replace(query, offset=0)))
    return hashlib.sha256(orjson.dumps([who, call.dataset, major, asked])).digest()
