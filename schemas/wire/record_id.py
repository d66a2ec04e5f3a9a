"""Record ids: the key itself where the contract says that it is public, else a keyed pseudonym per dataset."""

import base64
import hashlib
import hmac
from collections.abc import Sequence

import orjson

from schemas.contracts.model import Contract
from schemas.query.bound import Value
from schemas.query.values import to_wire

_PSEUDONYM_BYTES = 20


def record_id(contract: Contract, key: Sequence[Value], secret: bytes) -> str:
    """The record id of a key (values in the contract's key order). `secret` is the node's pseudonym key.

    Pseudonyms differ per dataset, so that two topics cannot be joined by them.
    """
    wire = [to_wire(value) for value in key]
    if contract.key_public:
        return "~".join(str(one) for one in wire)
    message = contract.dataset.encode() + b"\0" + orjson.dumps(wire)
    digest = hmac.new(secret, message, hashlib.sha256).digest()[:_PSEUDONYM_BYTES]
    return base64.b32encode(digest).decode().rstrip("=").lower()
