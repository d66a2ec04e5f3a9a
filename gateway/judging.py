"""What a node's answer is worth: a page of rows, a missing source, or a problem of the whole question; by `asking`.

The evidence decides: nobody listens or the database is away: down; no answer in time: slow; 401, 403, 410 and 429:
forbidden; the node no longer knows or has what its catalogue said, or who is a member: stale; all else that is not an
answer: faulty.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from gateway.area import Offer
from gateway.nodes import NodeAnswer, NodeAway, NodeFault, NodeSlow
from gateway.plan import Level
from gateway.sources import Missing
from schemas.query.bound import BoundColumn, BoundCondition
from schemas.query.values import UnreadableValue, from_json
from schemas.wire import headers as names
from schemas.wire.answer import SourceState
from schemas.wire.problem import KINDS, Problem

#: One record as it came, with the gateway's own columns beside the caller's.
Row = dict[str, Any]

_TOTAL = re.compile(r"(?:\d+-\d+|\*)/(\d+)", re.ASCII)
_STATES = {
    "database-away": SourceState.DOWN,
    "not-ready": SourceState.DOWN,
    "source-missing": SourceState.DOWN,
    "deadline-passed": SourceState.SLOW,
    "dataset-stale": SourceState.STALE,
    "registry-stale": SourceState.STALE,
    "link-key-missing": SourceState.STALE,
}
#: The question bound well here: a node that cannot bind it serves another contract than its catalogue said.
_STALE = frozenset(
    "unknown-dataset unknown-version unknown-item unknown-path unknown-operator unknown-parameter "
    "not-filterable bad-value bad-syntax bad-body use-post method-not-allowed not-acceptable".split()
)
#: What is wrong with the question as a whole, whichever node says it.
_WHOLE = frozenset({"too-costly", "bad-cursor", "bad-range", "too-large", "too-many-hops"})
_KEPT_HEADERS = ("content-range", "retry-after")
_OWN_MEMBERS = frozenset("type title status detail origin code message details hint".split())


@dataclass(frozen=True, slots=True)
class Page:
    """A node's rows. `body` is their JSON array when it says the same; `next` is its cursor, `total` its count."""

    rows: list[Row]
    body: bytes | None
    next: str | None
    total: int | None


def fault_state(fault: NodeFault) -> Missing:
    """A call without an answer."""
    if isinstance(fault, NodeAway):
        return Missing(SourceState.DOWN, "no-connection")
    if isinstance(fault, NodeSlow):
        return Missing(SourceState.SLOW, "deadline-passed")
    return faulty()


def faulty() -> Missing:
    return Missing(SourceState.FAULTY, "source-faulty")


def refused(level: Level, offer: Offer, problem: Problem) -> Missing:
    """A source that was not asked, or refused, for a reason that the question gave."""
    return Missing(SourceState.FORBIDDEN, problem.code, placed(problem, level, offer))


def page_of(
    level: Level,
    offer: Offer,
    answer: NodeAnswer,
    *,
    narrowed: BoundCondition | None,
    limit: int | None,
    counted: bool,
) -> Page:
    """The rows of an answer to a query; raises Missing, or Problem for the whole question."""
    accepted(level, offer, answer, (200, 206))
    try:
        rows = orjson.loads(answer.body)
    except orjson.JSONDecodeError:
        raise faulty() from None
    if not isinstance(rows, list) or (limit is not None and len(rows) > limit):
        raise faulty()
    whole = check_rows(level, rows)
    if level.key is not None and narrowed is not None:
        check_keys(level.key.name, narrowed, rows)
    following = answer.headers.get(names.NEXT)
    if following is not None and not rows and limit != 0:
        # A page without rows that is not the last one would never end.
        raise faulty()
    return Page(rows, answer.body if whole else None, following, _total(answer) if counted else None)


def accepted(level: Level, offer: Offer, answer: NodeAnswer, statuses: tuple[int, ...]) -> None:
    """Raise unless the answer is of the version asked for, with one of the statuses of a good answer."""
    if answer.status not in statuses:
        raise judged(level, offer, answer)
    if answer.headers.get(names.CONTRACT_VERSION) != str(level.asked.contract.major):
        raise Missing(SourceState.STALE, "unknown-version")


def judged(level: Level, offer: Offer, answer: NodeAnswer) -> Missing | Problem:
    """What a node's problem means for the question."""
    problem = _problem(answer)
    if problem is not None and answer.status == problem.status and problem.code in _WHOLE:
        return placed(problem, level, offer)
    found = reason_of(answer)
    return found if found.problem is None else refused(level, offer, found.problem)


def reason_of(answer: NodeAnswer) -> Missing:
    """Why an answer that is a problem, or none at all, leaves its node missing."""
    problem = _problem(answer)
    if problem is None or answer.status != problem.status:
        return faulty()
    if problem.code in ("bad-message", "not-asked", "sealed-key-refused"):
        # It was we who signed it, and made it of the question, and of what other nodes gave.
        return Missing(SourceState.FAULTY, problem.code)
    if problem.status in (401, 403, 410, 429):
        return Missing(SourceState.FORBIDDEN, problem.code, problem)
    if problem.code in _STALE:
        return Missing(SourceState.STALE, problem.code)
    return Missing(_STATES.get(problem.code, SourceState.FAULTY), problem.code)


def placed(problem: Problem, level: Level, offer: Offer) -> Problem:
    """The same problem, saying where in the question it arose."""
    place = {"node": offer.node, "dataset": level.dataset, "path": level.path}
    return Problem(problem.code, problem.detail, problem.hint, {**problem.members, **place}, problem.headers)


def check_rows(level: Level, rows: list[Any]) -> bool:
    """Whether all rows are as they came. Raises Missing unless every row is an object with the names asked for, its
    keys of their items' types."""
    asked = {one.name for one in level.asked.columns}
    expected = asked
    if level.asked.star and rows and isinstance(rows[0], dict):
        # What `*` shows is the node's to say, but it is the same in every row.
        expected = asked | rows[0].keys()
    for row in rows:
        if not isinstance(row, dict) or row.keys() != expected:
            raise faulty()
    for column in _read_here(level).values():
        for row in rows:
            row[column.name] = _value(column, row[column.name])
    return _without_newer(rows, expected - asked - level.asked.contract.items.keys())


def _without_newer(rows: list[Row], newer: set[str]) -> bool:
    """Take away the items that only a later version of the contract has, which another node does not serve."""
    for name in newer:
        for row in rows:
            del row[name]
    return not newer


def check_keys(name: str, narrowed: BoundCondition, rows: list[Row]) -> None:
    """Raise Missing when a node answers for keys that it was not asked."""
    assert isinstance(narrowed.value, tuple)
    asked = frozenset(narrowed.value)
    if any(row[name] not in asked for row in rows):
        raise faulty()


def _read_here(level: Level) -> dict[str, BoundColumn]:
    """The columns whose values the gateway compares, by name."""
    key = () if level.key is None else (level.key,)
    return {one.name: one for one in (*key, *level.order, *(join.parent for join in level.joins))}


def _value(column: BoundColumn, value: object) -> object:
    if column.sealed_for is not None:
        if not isinstance(value, str | None):
            raise faulty()
        return value
    try:
        return from_json(column.item, value)
    except UnreadableValue:
        raise faulty() from None


def _total(answer: NodeAnswer) -> int:
    match = _TOTAL.fullmatch(answer.headers.get("content-range", ""))
    if match is None:
        raise faulty()
    return int(match.group(1))


def _problem(answer: NodeAnswer) -> Problem | None:
    """The problem that a node's answer carries, when it is one of the published table."""
    try:
        members = orjson.loads(answer.body)
        code, detail, hint = members["code"], members["detail"], members.get("hint")
    except (orjson.JSONDecodeError, TypeError, KeyError, AttributeError):
        return None
    if code not in KINDS or not isinstance(detail, str) or not isinstance(hint, (str, type(None))):
        return None
    own = _own(members)
    kept = {name.title(): answer.headers[name] for name in _KEPT_HEADERS if name in answer.headers}
    return Problem(code, detail, hint, own, kept)


def _own(members: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in members.items() if name not in _OWN_MEMBERS}
