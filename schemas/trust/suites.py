"""Suites of algorithms by name: how a key of each is made, kept, and used; `keys` chooses among them by a key's form.

Ed25519 is the one that everybody has. SM2 with SM3 (GB/T 32918, GB/T 32905) stands beside it where the extra `sm` is
installed: a registry may list keys of both, and a key of one may follow a key of the other.
"""

import base64
import binascii
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)

_P = 0xFFFFFFFEFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF00000000FFFFFFFFFFFFFFFF
_A = _P - 3
_B = 0x28E9FA9E9D9F5E344D5A9E4BCF6509A7F39789F515AB8F92DDBCBD414D940E93
_N = 0xFFFFFFFEFFFFFFFFFFFFFFFFFFFFFFFF7203DF6B21C6052B53BBF40939D54123
_HALF = 32
_PEM = re.compile(rb"-----BEGIN SM2 PRIVATE KEY-----([A-Za-z0-9+/=\s]+)-----END SM2 PRIVATE KEY-----")


class BadKey(ValueError):
    """These bytes are no key of a suite that is known, and installed, here."""


class Private(Protocol):
    """A private key. Its signatures have 64 bytes in either suite."""

    def sign(self, message: bytes, /) -> bytes: ...


class Public(Protocol):
    """A public key; `verify` raises InvalidSignature."""

    def verify(self, signature: bytes, message: bytes, /) -> None: ...


@dataclass(frozen=True, slots=True)
class Suite:
    """`name` stands in messages, `jose` in JOSE headers. `generate` gives a private key, `public` its public half,
    `write` and `read` a PEM file's bytes; `load` reads a public key of `size` bytes. All raise BadKey."""

    name: str
    jose: str
    size: int
    generate: Callable[[], Private]
    public: Callable[[Private], bytes]
    write: Callable[[Private], bytes]
    load: Callable[[bytes], Public]


@dataclass(frozen=True, slots=True)
class Sm2Private:
    """A number and the point that belongs to it."""

    number: bytes
    point: bytes

    def __repr__(self) -> str:
        return "Sm2Private()"

    def sign(self, message: bytes, /) -> bytes:
        """Over SM3 of the message and the signer's default identity, as GB/T 32918.2 says."""
        from gmssl_pyx import sm2_sign

        r, s = decode_dss_signature(sm2_sign(self.number, self.point, message))
        return r.to_bytes(_HALF, "big") + s.to_bytes(_HALF, "big")


@dataclass(frozen=True, slots=True)
class Sm2Public:
    """A point of the curve."""

    point: bytes

    def verify(self, signature: bytes, message: bytes, /) -> None:
        """As of `Sm2Private.sign`; where the extra is not installed, no signature of the suite is valid."""
        try:
            from gmssl_pyx import sm2_verify
        except ModuleNotFoundError:
            raise InvalidSignature from None
        r, s = (int.from_bytes(half, "big") for half in (signature[:_HALF], signature[_HALF:]))
        # Numbers that no signature has are turned away here: the library would write of them to our standard error.
        if len(signature) != 2 * _HALF or not (0 < r < _N and 0 < s < _N):
            raise InvalidSignature
        if not sm2_verify(self.point, message, encode_dss_signature(r, s)):
            raise InvalidSignature


def _new_sm2() -> Private:
    try:
        from gmssl_pyx import sm2_key_generate
    except ModuleNotFoundError:
        raise BadKey("a key of the suite sm2-sm3 needs the extra: pip install 'langqiao[sm]'") from None
    point, number = sm2_key_generate()
    return Sm2Private(number, point)


def _sm2_point(private: Private) -> bytes:
    assert isinstance(private, Sm2Private)
    return private.point


def _write_sm2(private: Private) -> bytes:
    """There is no form that the libraries at hand share; so it is ours, and says so by its label."""
    assert isinstance(private, Sm2Private)
    text = base64.encodebytes(private.number + private.point)
    return b"-----BEGIN SM2 PRIVATE KEY-----\n" + text + b"-----END SM2 PRIVATE KEY-----\n"


def _load_sm2(point: bytes) -> Public:
    x, y = (int.from_bytes(half, "big") for half in (point[:_HALF], point[_HALF:]))
    # Hex may have blanks between its digits, and be as long as a point's without being one.
    if len(point) != 2 * _HALF or max(x, y) >= _P or (y * y - (x * x * x + _A * x + _B)) % _P:
        raise BadKey("a public key of 64 bytes is a point of the SM2 curve")
    return Sm2Public(point)


def _ed25519_public(private: Private) -> bytes:
    assert isinstance(private, Ed25519PrivateKey)
    return private.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)


#: Points of small order, without the sign of x: by such a key a signature of anything verifies that nobody made.
_SMALL_ORDER = frozenset(
    bytes.fromhex(one)
    for one in (
        "00" * 32,
        "01" + "00" * 31,
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
        "ec" + "ff" * 30 + "7f",
        "ed" + "ff" * 30 + "7f",
        "ee" + "ff" * 30 + "7f",
    )
)


def _load_ed25519(raw: bytes) -> Ed25519PublicKey:
    if raw[:-1] + bytes([raw[-1] & 0x7F]) in _SMALL_ORDER:
        raise BadKey("this key is one by which anybody can sign")
    return Ed25519PublicKey.from_public_bytes(raw)


def _write_ed25519(private: Private) -> bytes:
    assert isinstance(private, Ed25519PrivateKey)
    return private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


ED25519 = Suite(
    "ed25519",
    "EdDSA",
    32,
    Ed25519PrivateKey.generate,
    _ed25519_public,
    _write_ed25519,
    _load_ed25519,
)
SM2 = Suite("sm2-sm3", "SM2-SM3", 64, _new_sm2, _sm2_point, _write_sm2, _load_sm2)
SUITES = {one.name: one for one in (ED25519, SM2)}
_OF_NONE = f"this key is of none of the suites {', '.join(SUITES)}, or not in their form"


def read_pem(pem: bytes) -> tuple[Suite, Private]:
    """A private key of either suite; raises BadKey."""
    found = _PEM.search(pem)
    if found is not None:
        return SM2, _read_sm2(found.group(1))
    try:
        private = load_pem_private_key(pem, None)
    except (ValueError, TypeError) as fault:
        raise BadKey("this is no private key in PEM form") from fault
    except UnsupportedAlgorithm as fault:
        # An SM2 key as other programs write it, for one.
        raise BadKey(_OF_NONE) from fault
    if not isinstance(private, Ed25519PrivateKey):
        raise BadKey(_OF_NONE)
    return ED25519, private


def _read_sm2(text: bytes) -> Private:
    try:
        held = base64.b64decode(b"".join(text.split()), validate=True)
    except binascii.Error:
        held = b""
    if len(held) != 3 * _HALF or not 0 < int.from_bytes(held[:_HALF], "big") < _N - 1:
        raise BadKey("this is no private key in PEM form")
    _load_sm2(held[_HALF:])
    return Sm2Private(held[:_HALF], held[_HALF:])
