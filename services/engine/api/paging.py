"""Where an answer begins and how a caller goes on: Range, cursors, Content-Range; used by `listing`."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from urllib.parse import quote

import orjson

from schemas.contracts.model import Item
from schemas.query.bound import BoundQuery, Value
from schemas.query.render import render_params
from schemas.query.tree import Query
from schemas.query.values import UnreadableValue, from_json, to_wire
from schemas.trust.model import Caller
from schemas.wire import cursor
from schemas.wire.problem import Problem


@dataclass(frozen=True, slots=True)
class Position:
    """How far a walk has come: rows passed so far, and the order and key values of the last of them."""

    passed: int
    after: tuple[Value, ...] | None = None


@dataclass(frozen=True, slots=True)
class CursorSeal:
    """Seals and opens this node's cursors; each is good for one caller, one question and a while."""

    secret: bytes
    seconds: int

    def seal(self, binding: bytes, position: Position, now: datetime) -> str:
        plain = [position.passed, [to_wire(value) for value in position.after or ()]]
        return cursor.seal(self.secret, binding, plain, int(now.timestamp()) + self.seconds)

    def open(self, text: str, binding: bytes, query: BoundQuery, now: datetime) -> Position:
        passed, after = cursor.open_cursor(self.secret, binding, text, int(now.timestamp()))
        try:
            return Position(passed, tuple(map(from_json, _position_items(query), after)))
        except UnreadableValue:
            raise Problem("bad-cursor", "The cursor belongs to an earlier form of the contract.") from None


def binding(caller: Caller, dataset: str, major: int, query: Query) -> bytes:
    """What a cursor is bound to: who asks, as whom, what for, and the same question (the offset aside)."""
    asked = render_params(replace(query, offset=0))
    who = [caller.member, caller.system, caller.officer, caller.purpose, caller.on_behalf]
    return hashlib.sha256(orjson.dumps([who, dataset, major, asked])).digest()


def next_link(path: str, parameters: Sequence[tuple[str, str]], sealed: str) -> str:
    """`Link` to the next page of a GET; `path` as it came, still quoted."""
    kept = [(name, value) for name, value in parameters if name not in ("cursor", "offset")]
    pairs = "&".join(f"{quote(name)}={quote(value)}" for name, value in (*kept, ("cursor", sealed)))
    return f'<{path}?{pairs}>; rel="next"'


def _position_items(query: BoundQuery) -> list[Item]:
    key: list[Any] = [query.contract.items[name] for name in query.contract.key]
    return [term.item for term in query.order] + key
