"""Signing keys as a named suite; used by tokens, signed documents and the tool that makes keys."""

import hashlib
from dataclasses import dataclass
from functools import lru_cache

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)

#: The one suite so far; another can stand beside it under its own name.
SUITE = "ed25519"
#: The suite's name in JOSE headers.
ALGORITHM = "EdDSA"
_ID_LENGTH = 16


class BadKey(ValueError):
    """These bytes are no key of the suite."""


@dataclass(frozen=True, slots=True)
class KeyPair:
    """A private key with its public half in hex, and the key id that documents name it by."""

    private: Ed25519PrivateKey
    public_hex: str
    key_id: str


def new_key() -> KeyPair:
    """A fresh key."""
    return _pair(Ed25519PrivateKey.generate())


def write_private(key: KeyPair) -> bytes:
    """The private key as PKCS 8 PEM, not encrypted: the file's rights protect it."""
    return key.private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def read_private(pem: bytes) -> KeyPair:
    """A private key from PEM; raises BadKey."""
    try:
        private = load_pem_private_key(pem, None)
    except (ValueError, TypeError) as fault:
        raise BadKey("this is no private key in PEM form") from fault
    if not isinstance(private, Ed25519PrivateKey):
        raise BadKey(f"this key is not of the suite {SUITE}")
    return _pair(private)


@lru_cache(maxsize=4_096)
def public_key(public_hex: str) -> Ed25519PublicKey:
    """The public key of 32 bytes in hex, read once: a signature is checked at every call. Raises BadKey."""
    try:
        return Ed25519PublicKey.from_public_bytes(bytes.fromhex(public_hex))
    except ValueError as fault:
        raise BadKey("a public key is 32 bytes in hex") from fault


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


def _pair(private: Ed25519PrivateKey) -> KeyPair:
    public_hex = private.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw).hex()
    return KeyPair(private, public_hex, key_id_of(public_hex))
