"""A department's signed word that its register names a person as who represents an enterprise; made by nodes that the
member registry lists as enterprise registers, read by every node that is asked what was asked about an enterprise."""

from dataclasses import dataclass
from datetime import datetime

from schemas.trust import signed
from schemas.trust.keys import KeyPair
from schemas.trust.model import Role
from schemas.trust.registry import Registry
from schemas.trust.signed import DocumentRefused, text_of
from schemas.trust.statements import signed_by, statement

_MANDATE = "mandate"


@dataclass(frozen=True, slots=True)
class Mandate:
    """The register of `node` names the person of one vouched ask, whose `digest_of` is `ask`, for that ask's
    enterprise. It holds as long as the ask does, and for no other one."""

    node: str
    ask: str


def sign_mandate(one: Mandate, key: KeyPair) -> str:
    """The mandate as one signed text."""
    return signed.sign({_MANDATE: {"node": one.node, "ask": one.ask}}, key)


def read_mandate(text: str, registry: Registry, now: datetime) -> Mandate:
    """The mandate that the node of an enterprise register signed; raises DocumentRefused."""
    said = statement(text, registry, _MANDATE)
    one = Mandate(text_of(said, "node"), text_of(said, "ask"))
    signed_by(text, registry, one.node)
    found = registry.key(signed.key_id_of(text), now)
    if found is None or found[0].role is not Role.ENTERPRISE_REGISTER:
        raise DocumentRefused("unknown-key", "it is not signed by an enterprise register")
    return one
