"""Whether what was decided of a call would be decided now, when its answer goes or the next piece of one; asked by
`api/knowing`."""

from schemas.contracts.model import Contract
from schemas.trust.model import Grant, Member
from schemas.trust.registry import Registry
from schemas.wire.problem import Problem
from services.engine.access.gate import Gate
from services.engine.access.questions import Arrived


def require_still(
    gate: Gate, call: Arrived, known_by: Registry, leans: tuple[Contract, Grant] | None
) -> None:
    """Problem bad-token, bad-message, grant-required or registry-stale where it is not as it was: who calls or who
    sends is no member any more, or the grant that the answer leans on was suspended, changed or has ended.

    `known_by` is the registry by which the caller was known. A decision follows from question, caller and grant alone,
    so while these stand it is not taken anew: in most cases this is a few comparisons.
    """
    if call.caller.anonymous:
        return
    registry = gate.registry.value
    if registry is not known_by or gate.clock() >= registry.expires:
        gate.caller(call.headers)
        if call.sender is not None and not _listed(call.sender, registry):
            raise Problem(
                "bad-message", "the message is refused: unknown-key", members={"reason": "unknown-key"}
            )
    if leans is not None:
        contract, grant = leans
        if not gate.stands(grant, contract, call.caller):
            message = f"the grant to use {contract.dataset} ended, or is another, since it was asked"
            members = {"dataset": contract.dataset, "items": sorted(grant.items)}
            raise Problem("grant-required", message, members=members)
        gate.registry.require_word()


def _listed(sender: Member, registry: Registry) -> bool:
    """Whether a registry still has the system as what it was; its keys may be others by now."""
    found = registry.members.get(sender.system)
    return found is not None and (found.id, found.role) == (sender.id, sender.role)
