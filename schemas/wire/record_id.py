"""Record ids: the key itself where the contract says that it is public, else a keyed pseudonym per dataset."""

import base64
import hashlib
import hmac
from collections.abc import Sequence

import orjson

from schemas.contracts.model import Contract
from schemas.query.bound import Value
from schemas.query.values import from_text, to_wire

_PSEUDONYM_BYTES = 20
#: Stands between the items of a public key, so it is escaped inside them.
_BETWEEN = "~"


def record_id(contract: Contract, key: Sequence[Value], secret: bytes) -> str:
    """The record id of a key (values in the contract's key order). `secret` is the node's pseudonym key.

    Pseudonyms differ per dataset, so that two topics cannot be joined by them.
    """
    wire = [to_wire(value) for value in key]
    if contract.key_public:
        return _BETWEEN.join(str(one).replace("%", "%25").replace(_BETWEEN, "%7E") for one in wire)
    message = contract.dataset.encode() + b"\0" + orjson.dumps(wire)
    digest = hmac.new(secret, message, hashlib.sha256).digest()[:_PSEUDONYM_BYTES]
    return base64.b32encode(digest).decode().rstrip("=").lower()


def public_key(contract: Contract, text: str) -> tuple[Value, ...] | None:
    """The public key that a record id stands for; None when it is no record id of the dataset.

    A key has one record id only: `007` is not another address of the record `7`.
    """
    parts = [one.replace("%7E", _BETWEEN).replace("%25", "%") for one in text.split(_BETWEEN)]
    try:
        key = tuple(
            from_text(contract.items[item], one) for item, one in zip(contract.key, parts, strict=True)
        )
    except ValueError:
        return None
    return key if record_id(contract, key, b"") == text else None
