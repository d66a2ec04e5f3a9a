"""Who calls, from token and message, and that what it asks follows from what the caller asked: the access stage but for
the decision itself; used by every action of the data plane."""

from schemas.contracts.model import Contract
from schemas.trust.access import Decided
from schemas.trust.follows import Step
from schemas.trust.message import Message, Sent
from schemas.trust.model import Grant, Role
from schemas.wire.problem import Problem
from services.engine.access.questions import Arrived
from services.engine.access.still import require_still
from services.engine.api.call import Call


async def know(call: Call) -> None:
    """Set the caller, and the message that the call is. Problem bad-token, bad-message; LogUnavailable where nobody
    could say whether the message came before."""
    gate = call.node.gate
    await gate.meet(call.headers)
    call.known_by = gate.registry.value
    call.caller = gate.caller(call.headers)
    naming(call)
    if not gate.needs_check(call.headers, call.caller):
        return
    query, body = call.query.decode("utf-8", "replace"), await call.body()
    message = Message(call.method, call.path, query, call.headers, body)
    sent = await gate.sent(message, call.caller)
    call.message, call.sender = str(sent), sent.sender


def naming(call: Call) -> None:
    """Add to what the call's purpose has named what it names by now; what was named once is not taken back, so that
    nothing which ends meanwhile uncovers the call."""
    call.named |= frozenset(call.node.gate.named(call.caller))


async def know_own(call: Call) -> None:
    """As `know`, for what no gateway does for another: a write, or all rows of a grant. Problem bad-message where one
    sends it on."""
    await know(call)
    refuse_gateway(call)


def refuse_gateway(call: Call | Sent) -> None:
    """Problem bad-message where a gateway sends the call on; it is known who sends it."""
    if call.sender is not None and call.sender.role is Role.GATEWAY:
        reason = "wrong-sender"
        raise Problem("bad-message", f"the message is refused: {reason}", members={"reason": reason})


async def hold(call: Call, step: Step, decided: Decided) -> None:
    """Problem question-required, bad-question or not-asked where a gateway asks what it may not ask for its caller:
    `step` as it was put, `decided` as it would be answered."""
    await call.node.gate.hold(step, decided, _arrived(call))


def still(call: Call, leans: tuple[Contract, Grant] | None) -> None:
    """Problem where the answer, or its next piece, would not be given any more: what is suspended or removed ends
    answers that are under way, too. `leans` is what it owes to a grant."""
    if call.known_by is not None:
        require_still(call.node.gate, _arrived(call), call.known_by, leans)


def _arrived(call: Call) -> Arrived:
    return Arrived(call.headers, call.caller, call.sender, call.handed)
