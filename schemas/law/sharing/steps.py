"""What can happen to a sharing request: who does it, when it may be done, and what it must say; read by `request`."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any


class Party(StrEnum):
    """Who takes a step: the bridge itself takes those that the law leaves no choice about."""

    REQUESTER = "requester"
    PROVIDER = "provider"
    AUTHORITY = "authority"
    BRIDGE = "bridge"


class State(StrEnum):
    """How a request stands."""

    INCOMPLETE = "incomplete"
    RECEIVED = "received"
    AGREED = "agreed"
    IN_FORCE = "in force"
    SUSPENDED = "suspended"
    REFUSED = "refused"
    ENDED = "ended"


class StepKind(StrEnum):
    """One step of a request; each is a record, and so an event."""

    APPLIED = "applied"
    GAPS_NOTICED = "gaps-noticed"
    SUPPLEMENTED = "supplemented"
    AGREED = "agreed"
    REFUSED = "refused"
    EXTENDED = "extended"
    DELIVERED = "delivered"
    SUSPENDED = "suspended"
    RESUMED = "resumed"
    ENDED = "ended"
    DISPOSAL_ORDERED = "disposal-ordered"
    DISPOSED = "disposed"
    USE_RECORDED = "use-recorded"
    DISPUTED = "disputed"


@dataclass(frozen=True, slots=True)
class Step:
    """One step as it was taken. `at` is aware; `officer` acts for `member`, `second` is the other named person where
    two must answer for it; `facts` is what it says: an application's form, else the names in `RULES`."""

    kind: StepKind
    at: datetime
    party: Party
    member: str
    officer: str = ""
    second: str = ""
    facts: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Rule:
    """When and by whom a step is taken. `two`: by two named people. `says`: facts that it must hold, not empty."""

    begins: frozenset[State]
    by: frozenset[Party]
    two: bool = False
    says: tuple[str, ...] = ()


_LIVE = frozenset({State.IN_FORCE, State.SUSPENDED})
_OPEN = frozenset({State.RECEIVED, State.AGREED})


def _rule(begins: frozenset[State], *by: Party, two: bool = False, says: tuple[str, ...] = ()) -> Rule:
    return Rule(begins, frozenset(by), two, says)


def _in(*states: State) -> frozenset[State]:
    return frozenset(states)


#: A provider may not end or alter a service alone (article 27): ending is the requester's, or the authority's.
RULES: Mapping[StepKind, Rule] = {
    StepKind.APPLIED: _rule(_in(), Party.REQUESTER),
    StepKind.GAPS_NOTICED: _rule(_in(State.INCOMPLETE), Party.BRIDGE),
    StepKind.SUPPLEMENTED: _rule(_in(State.INCOMPLETE), Party.REQUESTER),
    StepKind.AGREED: _rule(_in(State.RECEIVED), Party.PROVIDER, Party.BRIDGE, two=True),
    StepKind.REFUSED: _rule(_in(State.RECEIVED), Party.PROVIDER, two=True, says=("condition", "reason")),
    StepKind.EXTENDED: _rule(
        _in(State.RECEIVED), Party.PROVIDER, two=True, says=("working_days", "reason", "approved_by")
    ),
    StepKind.DELIVERED: _rule(_in(State.AGREED), Party.PROVIDER, Party.BRIDGE, says=("grant",)),
    StepKind.SUSPENDED: _rule(
        _in(State.IN_FORCE), Party.PROVIDER, Party.AUTHORITY, two=True, says=("reason", "mend_by")
    ),
    StepKind.RESUMED: _rule(
        _in(State.SUSPENDED), Party.PROVIDER, Party.AUTHORITY, two=True, says=("reason",)
    ),
    StepKind.ENDED: _rule(
        _LIVE | _OPEN | {State.INCOMPLETE}, Party.REQUESTER, Party.AUTHORITY, Party.BRIDGE, says=("reason",)
    ),
    StepKind.DISPOSAL_ORDERED: _rule(
        _in(State.ENDED), Party.PROVIDER, Party.AUTHORITY, Party.BRIDGE, says=("dispose_by",)
    ),
    StepKind.DISPOSED: _rule(_in(State.ENDED), Party.REQUESTER, two=True, says=("method", "where")),
    StepKind.USE_RECORDED: _rule(
        _LIVE | {State.ENDED},
        Party.REQUESTER,
        says=("scenario", "process", "effect", "storage", "destruction"),
    ),
    StepKind.DISPUTED: _rule(
        _LIVE | _OPEN | {State.REFUSED}, Party.REQUESTER, Party.PROVIDER, says=("reason",)
    ),
}
