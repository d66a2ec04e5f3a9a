"""The member registry: whose systems sign with which keys; a numbered, expiring, signed document."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from schemas.trust.authority import handovers_of
from schemas.trust.keys import BadKey, public_key
from schemas.trust.model import Member, Role
from schemas.trust.signed import DocumentRefused, moment, numbered, text_of


@dataclass(frozen=True, slots=True)
class Registry:
    """The members of the bridge, by system. `expires` is aware; after it nobody is a member. `handovers` are the
    statements by which the authority's keys handed over, from its first key on."""

    number: int
    expires: datetime
    members: Mapping[str, Member]
    keys: Mapping[str, tuple[Member, str]]
    handovers: tuple[str, ...] = ()

    def client(self, issuer: str, client: str) -> Member | None:
        """The member whose system is that client of an OIDC issuer."""
        return next((one for one in self.members.values() if one.clients.get(issuer) == client), None)

    def has_gateway(self, node: str) -> bool:
        """Whether a gateway of this id is listed."""
        return any(one.id == node and one.role is Role.GATEWAY for one in self.members.values())

    def key(self, key_id: str, at: datetime | None = None) -> tuple[Member, str] | None:
        """The member whose key this is, and the public half in hex; at a moment, None once the key has ended."""
        found = self.keys.get(key_id)
        if found is None or at is None:
            return found
        until = found[0].until.get(key_id)
        return found if until is None or at < until else None


def from_document(document: Mapping[str, Any]) -> Registry:
    """The registry that a document holds; raises DocumentRefused."""
    number, expires, listed = numbered(document, "members")
    members = [_member(one) for one in listed]
    keys = {key_id: (member, public) for member in members for key_id, public in member.keys.items()}
    if len(keys) != sum(len(member.keys) for member in members):
        raise DocumentRefused("malformed", "one key stands for two systems")
    clients = [one for member in members for one in member.clients.items()]
    if len(set(clients)) != len(clients):
        raise DocumentRefused("malformed", "one client of an issuer stands for two systems")
    systems = {member.system: member for member in members}
    if len(systems) != len(members):
        raise DocumentRefused("malformed", "two members name one system")
    return Registry(number, expires, systems, keys, handovers_of(document))


def to_document(registry: Registry, issued: datetime) -> dict[str, Any]:
    """The document of a registry, to be signed."""
    said = {
        "number": registry.number,
        "issued": issued.isoformat(),
        "expires": registry.expires.isoformat(),
        "members": [_line(one) for one in registry.members.values()],
    }
    return said | {"authority": list(registry.handovers)} if registry.handovers else said


def check_document(document: Any) -> None:
    """Raise DocumentRefused unless this can be signed as a registry."""
    from_document(document if isinstance(document, dict) else {})


def _member(one: Mapping[str, Any]) -> Member:
    keys = one.get("keys")
    if not isinstance(keys, dict) or not keys:
        raise DocumentRefused("malformed", "each member needs keys: key id and public key in hex")
    for public in keys.values():
        try:
            public_key(str(public))
        except BadKey as fault:
            raise DocumentRefused("malformed", str(fault)) from fault
    return Member(
        text_of(one, "id"),
        text_of(one, "system"),
        {str(name): str(key) for name, key in keys.items()},
        _role(one.get("role", Role.SYSTEM)),
        _clients(one.get("clients", {})),
        _ends(one.get("until", {}), keys),
    )


def _ends(said: object, keys: Mapping[str, Any]) -> dict[str, datetime]:
    """When keys end that another followed; one without an end is good for as long as it is listed."""
    if not isinstance(said, dict) or not said.keys() <= keys.keys():
        raise DocumentRefused("malformed", "until must be times by the ids of keys that stand beside it")
    return {key_id: moment(said, key_id) for key_id in said}


def _clients(said: object) -> dict[str, str]:
    """Client ids by issuer; most systems are no issuer's client."""
    if not isinstance(said, dict) or not all(isinstance(one, str) and one for one in said.values()):
        raise DocumentRefused("malformed", "clients must be issuers, each with a client id")
    return dict(said)


def _role(said: object) -> Role:
    """What the line says that the system is; documents that say nothing list systems that ask."""
    if not isinstance(said, str) or said not in tuple(Role):
        raise DocumentRefused("malformed", f"role must be one of {', '.join(Role)}")
    return Role(said)


def _line(member: Member) -> dict[str, Any]:
    said: dict[str, Any] = {"id": member.id, "system": member.system, "keys": dict(member.keys)}
    if member.until:
        said["until"] = {key_id: end.isoformat() for key_id, end in member.until.items()}
    if member.clients:
        said["clients"] = dict(member.clients)
    return said if member.role is Role.SYSTEM else said | {"role": member.role.value}
