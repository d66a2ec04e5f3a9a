"""The states and steps of a sharing request, and who takes which when; read by `request`."""

from collections.abc import Mapping
from enum import StrEnum

from schemas.law.sharing.limits import Clock
from schemas.law.sharing.steps import Party, Rule, rule


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
    EXTENSION_ASKED = "extension-asked"
    EXTENDED = "extended"
    DELIVERED = "delivered"
    SUSPENDED = "suspended"
    RESUMED = "resumed"
    ENDED = "ended"
    DISPOSAL_ORDERED = "disposal-ordered"
    DISPOSED = "disposed"
    USE_RECORDED = "use-recorded"
    DISPUTED = "disputed"
    DISPUTE_DECIDED = "dispute-decided"
    ANSWER_OVERDUE = "answer-overdue"
    DELIVERY_OVERDUE = "delivery-overdue"
    MENDING_OVERDUE = "mending-overdue"
    DISPOSAL_OVERDUE = "disposal-overdue"
    DECISION_OVERDUE = "decision-overdue"


def _in(*states: State | None) -> frozenset[State | None]:
    return frozenset(states)


_LIVE = _in(State.IN_FORCE, State.SUSPENDED)
_OPEN = _in(State.RECEIVED, State.AGREED)
_DISPUTABLE = _LIVE | _OPEN | {State.REFUSED}
_PASSING = ("clock", "due_on")

#: A provider may not end or alter a service alone (article 27): ending is the requester's, or the authority's.
RULES: Mapping[StepKind, Rule[State]] = {
    StepKind.APPLIED: rule(_in(None), Party.REQUESTER),
    StepKind.GAPS_NOTICED: rule(_in(State.INCOMPLETE), Party.BRIDGE),
    StepKind.SUPPLEMENTED: rule(_in(State.INCOMPLETE), Party.REQUESTER),
    StepKind.AGREED: rule(_in(State.RECEIVED), Party.PROVIDER, Party.BRIDGE, two=True),
    StepKind.REFUSED: rule(_in(State.RECEIVED), Party.PROVIDER, two=True, says=("condition", "reason")),
    StepKind.EXTENSION_ASKED: rule(
        _in(State.RECEIVED), Party.PROVIDER, two=True, says=("working_days", "reason")
    ),
    StepKind.EXTENDED: rule(_in(State.RECEIVED), Party.AUTHORITY, says=("working_days",)),
    StepKind.DELIVERED: rule(_in(State.AGREED), Party.PROVIDER, Party.BRIDGE, says=("grant",)),
    StepKind.SUSPENDED: rule(
        _in(State.IN_FORCE), Party.PROVIDER, Party.AUTHORITY, two=True, says=("reason", "mend_by")
    ),
    StepKind.RESUMED: rule(_in(State.SUSPENDED), Party.PROVIDER, Party.AUTHORITY, two=True, says=("reason",)),
    StepKind.ENDED: rule(
        _LIVE | _OPEN | {State.INCOMPLETE}, Party.REQUESTER, Party.AUTHORITY, Party.BRIDGE, says=("reason",)
    ),
    StepKind.DISPOSAL_ORDERED: rule(
        _in(State.ENDED), Party.PROVIDER, Party.AUTHORITY, Party.BRIDGE, says=("dispose_by",)
    ),
    StepKind.DISPOSED: rule(_in(State.ENDED), Party.REQUESTER, two=True, says=("method", "where")),
    StepKind.USE_RECORDED: rule(
        _LIVE | {State.ENDED},
        Party.REQUESTER,
        says=("scenario", "process", "effect", "storage", "destruction"),
    ),
    StepKind.DISPUTED: rule(_DISPUTABLE, Party.REQUESTER, Party.PROVIDER, says=("reason",)),
    StepKind.DISPUTE_DECIDED: rule(_DISPUTABLE | {State.ENDED}, Party.AUTHORITY, says=("decision",)),
    StepKind.ANSWER_OVERDUE: rule(_in(State.RECEIVED), Party.BRIDGE, says=_PASSING),
    StepKind.DELIVERY_OVERDUE: rule(_in(State.AGREED), Party.BRIDGE, says=_PASSING),
    StepKind.MENDING_OVERDUE: rule(_in(State.SUSPENDED), Party.BRIDGE, says=_PASSING),
    StepKind.DISPOSAL_OVERDUE: rule(_in(State.ENDED), Party.BRIDGE, says=_PASSING),
    StepKind.DECISION_OVERDUE: rule(_DISPUTABLE | {State.ENDED}, Party.BRIDGE, says=_PASSING),
}

#: The step that records that a clock's last day has passed.
OVERDUE: Mapping[Clock, StepKind] = {
    Clock.ANSWER_UNCONDITIONAL: StepKind.ANSWER_OVERDUE,
    Clock.ANSWER_CONDITIONAL: StepKind.ANSWER_OVERDUE,
    Clock.DELIVER: StepKind.DELIVERY_OVERDUE,
    Clock.MEND: StepKind.MENDING_OVERDUE,
    Clock.DISPOSE: StepKind.DISPOSAL_OVERDUE,
    Clock.DECIDE: StepKind.DECISION_OVERDUE,
}
