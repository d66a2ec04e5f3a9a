"""Signing keys of a named suite; used by tokens, messages, signed documents and the tool that makes keys."""

import hashlib
from dataclasses import dataclass
from functools import lru_cache

from cryptography.exceptions import InvalidSignature

from schemas.trust.suites import ED25519, SUITES, BadKey, Private, Public, Suite, read_pem

__all__ = [
    "BadKey",
    "KeyPair",
    "key_id_of",
    "new_key",
    "public_key",
    "read_private",
    "suite_of",
    "verifies",
]
_ID_LENGTH = 16
_FORM = "a public key is 32 bytes in hex, or 64 of SM2"


@dataclass(frozen=True, slots=True)
class KeyPair:
    """A private key with its public half in hex, and the key id that documents name it by."""

    private: Private
    public_hex: str
    key_id: str

    @property
    def suite(self) -> Suite:
        """What it signs by."""
        return suite_of(self.public_hex)


def new_key(suite: Suite = ED25519) -> KeyPair:
    """A fresh key; raises BadKey where the suite is not installed."""
    return _pair(suite, suite.generate())


def write_private(key: KeyPair) -> bytes:
    """The private key as PEM, not encrypted: the file's rights protect it."""
    return key.suite.write(key.private)


def read_private(pem: bytes) -> KeyPair:
    """A private key from PEM; raises BadKey."""
    return _pair(*read_pem(pem))


def suite_of(public_hex: str) -> Suite:
    """The suite of a public key, which its length tells. Raises BadKey."""
    for suite in SUITES.values():
        if len(public_hex) == 2 * suite.size:
            return suite
    raise BadKey(_FORM)


@lru_cache(maxsize=4_096)
def public_key(public_hex: str) -> Public:
    """The public key of that many bytes in hex, read once: a signature is checked at every call. Raises BadKey."""
    suite = suite_of(public_hex)
    try:
        return suite.load(bytes.fromhex(public_hex))
    except BadKey:
        raise
    except ValueError as fault:
        raise BadKey(_FORM) from fault


def key_id_of(public_hex: str) -> str:
    """The id that a public key is named by."""
    return hashlib.sha256(bytes.fromhex(public_hex)).hexdigest()[:_ID_LENGTH]


def verifies(public_hex: str, signature: bytes, message: bytes) -> bool:
    """Whether the key's owner signed the message."""
    try:
        public_key(public_hex).verify(signature, message)
    except InvalidSignature:
        return False
    return True


def _pair(suite: Suite, private: Private) -> KeyPair:
    public_hex = suite.public(private).hex()
    return KeyPair(private, public_hex, key_id_of(public_hex))
