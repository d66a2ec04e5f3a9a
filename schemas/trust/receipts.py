"""Receipts: a node's signed word that an answer, or a chunk of one, stands in its access log; made by nodes, kept by
callers, held against the log by whoever checks it."""

from dataclasses import dataclass, fields
from datetime import datetime
from functools import lru_cache
from operator import attrgetter

import orjson
from jwt.utils import base64url_encode

from schemas.trust.entries import instant, salted
from schemas.trust.keys import KeyPair
from schemas.trust.registry import Registry
from schemas.trust.signed import moment, number_of, text_of
from schemas.trust.statements import signed_by, statement

_RECEIPT = "receipt"
_DOT = b"."


@dataclass(frozen=True, slots=True)
class Receipt:
    """Entry `number` of the log of `node` has this hash, and these digests of what was asked and answered under `salt`
    (hex), which stands nowhere else. It was disclosed to `member`, which acted for `on_behalf` where that is another
    one; None: the caller was anonymous, or acted for itself."""

    node: str
    number: int
    hash: str
    request: str
    answer: str
    salt: str
    at: datetime
    member: str | None = None
    on_behalf: str | None = None

    def is_of(self, request: tuple[bytes, ...], answer: bytes) -> bool:
        """Whether this was asked (method, path, query string, body) and that answered."""
        salt = bytes.fromhex(self.salt)
        return (salted(salt, *request), salted(salt, answer)) == (self.request, self.answer)


_NAMES = tuple(one.name for one in fields(Receipt) if one.name != "at")
_VALUES = attrgetter(*_NAMES)


class Signer:
    """Signs receipts with one key: a compact JWS whose header is made once, for a receipt goes with every answer."""

    def __init__(self, key: KeyPair) -> None:
        self._private = key.private
        header = {"alg": key.suite.jose, "kid": key.key_id, "typ": "JWT"}
        self._header = base64url_encode(orjson.dumps(header)) + _DOT

    def sign(self, receipt: Receipt) -> str:
        """The receipt as one signed text."""
        pairs = zip(_NAMES, _VALUES(receipt), strict=True)
        said = {name: value for name, value in pairs if value is not None} | {"at": instant(receipt.at)}
        message = self._header + base64url_encode(orjson.dumps({_RECEIPT: said}))
        return (message + _DOT + base64url_encode(self._private.sign(message))).decode()


@lru_cache(maxsize=4)
def signer_of(key: KeyPair) -> Signer:
    """The signer by a key; a node has one, or two while one follows the other."""
    return Signer(key)


def read_receipt(text: str, registry: Registry) -> Receipt:
    """The receipt that the node which it names has signed; raises DocumentRefused."""
    said = statement(text, registry, _RECEIPT)
    number = number_of(said)
    node, digest, request, answer, salt = (
        text_of(said, name) for name in ("node", "hash", "request", "answer", "salt")
    )
    member, acted_for = (text_of(said, name) if name in said else None for name in ("member", "on_behalf"))
    at = moment(said, "at")
    signed_by(text, registry, node, at)
    return Receipt(node, number, digest, request, answer, salt, at, member, acted_for)
