"""Whose signature counts on a department's grants: the authority's, and that of the offices of its own or a superior
division, which the registry lists; asked by the gate, and before a log is
shown to an office."""

from schemas.law.divisions import UnknownDivision, within
from schemas.trust.authority import Authority
from schemas.trust.model import Member, Role
from schemas.trust.registry import Registry


def granting(authority: Authority, registry: Registry, department: str) -> Authority:
    """The keys that may sign the grants of a department, with the ends that the registry says of an office's. An office
    signs grants alone, never a registry."""
    offices = {
        key_id: (member, public)
        for key_id, (member, public) in registry.keys.items()
        if key_id not in authority.keys and member.role is Role.OFFICE and _above(member, department)
    }
    ends = {key_id: one.until[key_id] for key_id, (one, _) in offices.items() if key_id in one.until}
    keys = {key_id: public for key_id, (_, public) in offices.items()}
    return Authority({**keys, **authority.keys}, {**ends, **authority.until})


def is_over(registry: Registry, member: str, department: str) -> bool:
    """Whether a member has an office that may sign the grants of a department."""
    offices = (one for one in registry.members.values() if one.role is Role.OFFICE and one.id == member)
    return any(_above(one, department) for one in offices)


def _above(office: Member, department: str) -> bool:
    try:
        return within(_division(department), _division(office.id))
    except UnknownDivision:
        return False


def _division(member: str) -> str:
    return member.partition(".")[0]
