"""Who may ask what was asked about a person: a citizen-services system that identified them, for nobody else; and who
represents an enterprise, by a register's word. Used by the node's answers to persons and, of them, to an office."""

from collections.abc import Iterable
from datetime import datetime

from schemas.trust.about import Ask
from schemas.trust.about_record import RecordAsk
from schemas.trust.access import require_officer
from schemas.trust.mandates import read_mandate
from schemas.trust.model import Caller, Member, Role
from schemas.trust.registry import Registry
from schemas.trust.signed import DocumentRefused
from schemas.trust.vouching import IDENTIFIED, Vouched, digest_of, filing, read_vouched
from schemas.wire.problem import Problem
from services.engine.access.gate import Gate


def vouched(gate: Gate, ask: Ask, caller: Caller, use: str | None) -> Vouched:
    """For whom the caller vouches, for that use (None: whichever); Problem token-required, purpose-required,
    bad-vouching, vouching-required, registry-stale."""
    if caller.anonymous:
        raise Problem("token-required", "The access log is shown to nobody in particular.")
    found, signer = _said(gate, ask, caller, use)
    if found.system != caller.system:
        raise bad_vouching("another-call")
    require_desk(signer)
    if caller.on_behalf is not None:
        raise _no_desk()
    return found


def handed_on(gate: Gate, ask: RecordAsk, caller: Caller) -> Vouched:
    """Whom a citizen-services system identified, to file about this very record, as the caller hands that on, who is
    known to be an office; Problem as of `vouched`, and not-represented."""
    found, signer = _said(gate, ask, caller, filing(ask.dataset, ask.record))
    require_desk(signer)
    if found.enterprise is not None:
        require_mandate(gate, ask)
    return found


def require_desk(signer: Member) -> None:
    """Problem vouching-required unless it is a system that identifies persons."""
    if signer.role is not Role.CITIZEN_SERVICES:
        raise _no_desk()


def require_mandate(gate: Gate, ask: Ask | RecordAsk) -> None:
    """Problem not-represented unless a register says, for this very ask, that the person represents the enterprise."""
    if not _has_mandate(gate.registry.value, digest_of(ask.vouched), ask.mandates, gate.clock()):
        raise not_represented()


def not_represented() -> Problem:
    """The same words for an enterprise that is not there and one that the person does not represent."""
    return Problem("not-represented", "No register names this person as who represents this enterprise.")


def bad_vouching(reason: str) -> Problem:
    """Nobody vouches for who asks, for this stable reason."""
    return Problem("bad-vouching", f"what was vouched for is refused: {reason}", members={"reason": reason})


def _said(gate: Gate, ask: Ask | RecordAsk, caller: Caller, use: str | None) -> tuple[Vouched, Member]:
    """What was vouched for under the purpose of the call and for that use, and whose key signed it."""
    _require_purpose(caller)
    gate.registry.require_word()
    try:
        found, signer = read_vouched(ask.vouched, gate.registry.value, gate.clock())
    except DocumentRefused as refused:
        raise bad_vouching(refused.reason) from None
    if found.purpose != caller.purpose or use not in (None, found.use):
        raise bad_vouching("another-call")
    return found, signer


def _no_desk() -> Problem:
    return Problem("vouching-required", "The calling system is not one that identifies persons.")


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
