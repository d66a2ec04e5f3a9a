"""A registry's line for a system, as tests write it into the registries that they sign."""

from typing import Any

from schemas.trust.keys import KeyPair


def line(system: str, key: KeyPair, **further: Any) -> dict[str, Any]:
    """The system with its one key; it is of the member by whose id its name begins."""
    member = system.partition("/")[0]
    return {"id": member, "system": system, "keys": {key.key_id: key.public_hex}, **further}
