"""Who may ask what was asked about a person: a citizen-services system that identified them, for nobody else; and who
represents an enterprise, by a register's word. Used by the node's answers to persons."""

from collections.abc import Iterable
from datetime import datetime

from schemas.trust.about import Ask
from schemas.trust.access import require_officer
from schemas.trust.mandates import read_mandate
from schemas.trust.model import Caller, Role
from schemas.trust.registry import Registry
from schemas.trust.signed import DocumentRefused
from schemas.trust.vouching import IDENTIFIED, Vouched, digest_of, read_vouched
from schemas.wire.problem import Problem
from services.engine.access.gate import Gate


def vouched(gate: Gate, ask: Ask, caller: Caller) -> Vouched:
    """For whom the caller vouches; Problem token-required, purpose-required, bad-vouching, vouching-required,
    registry-stale."""
    if caller.anonymous:
        raise Problem("token-required", "The access log is shown to nobody in particular.")
    _require_purpose(caller)
    gate.registry.require_word()
    try:
        found, signer = read_vouched(ask.vouched, gate.registry.value, gate.clock())
    except DocumentRefused as refused:
        raise _bad(refused.reason) from None
    if (found.system, found.purpose) != (caller.system, caller.purpose):
        raise _bad("another-call")
    if signer.role is not Role.CITIZEN_SERVICES or caller.on_behalf is not None:
        raise Problem("vouching-required", "The calling system is not one that identifies persons.")
    return found


def require_mandate(gate: Gate, ask: Ask) -> None:
    """Problem not-represented unless a register says, for this very ask, that the person represents the enterprise."""
    if not _has_mandate(gate.registry.value, digest_of(ask.vouched), ask.mandates, gate.clock()):
        raise not_represented()


def not_represented() -> Problem:
    """The same words for an enterprise that is not there and one that the person does not represent."""
    return Problem("not-represented", "No register names this person as who represents this enterprise.")


def _has_mandate(registry: Registry, ask: str, mandates: Iterable[str], now: datetime) -> bool:
    for text in mandates:
        try:
            if read_mandate(text, registry, now).ask == ask:
                return True
        except DocumentRefused:
            continue
    return False


def _require_purpose(caller: Caller) -> None:
    require_officer(caller)
    if not (caller.purpose or "").startswith(IDENTIFIED):
        hint = "Send the header Langqiao-Purpose: identified:<reference>."
        raise Problem("purpose-required", "the call names no identification of a person", hint=hint)


def _bad(reason: str) -> Problem:
    return Problem("bad-vouching", f"what was vouched for is refused: {reason}", members={"reason": reason})
