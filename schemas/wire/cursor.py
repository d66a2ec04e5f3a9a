"""Sealed cursors: where the next page begins, readable by nobody but the one who sealed it."""

import base64
import re
import secrets
from typing import Any

import orjson
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from schemas.wire.problem import Problem

#: How many bytes a sealing key has (AES-256).
KEY_BYTES = 32
_FORM = b"1"
_NONCE_BYTES = 12
#: A gateway's cursor holds one of each node, and so on down: a province's over a hundred counties has some 30 KB.
_LONGEST = 256 * 1024
_WRITTEN = re.compile(r"[A-Za-z0-9_-]+")


def seal(secret: bytes, binding: bytes, position: Any, expires_at: int) -> str:
    """A cursor for a JSON position, good for the same binding until `expires_at` (seconds since 1970).

    `secret` is at least KEY_BYTES long; `binding` says whose cursor it is and for which question.
    """
    nonce = secrets.token_bytes(_NONCE_BYTES)
    plain = orjson.dumps([expires_at, position])
    sealed = AESGCM(secret[:KEY_BYTES]).encrypt(nonce, plain, _FORM + binding)
    return base64.urlsafe_b64encode(_FORM + nonce + sealed).decode().rstrip("=")


def open_cursor(secret: bytes, binding: bytes, text: str, now: int) -> Any:
    """The position in a cursor; Problem bad-cursor when it is altered, another's, another question's, or too old."""
    if len(text) > _LONGEST:
        raise _bad("it is too long")
    if not _WRITTEN.fullmatch(text):
        raise _bad("it was altered")
    try:
        raw = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
        nonce, sealed = raw[1 : 1 + _NONCE_BYTES], raw[1 + _NONCE_BYTES :]
        expires_at, position = orjson.loads(
            AESGCM(secret[:KEY_BYTES]).decrypt(nonce, sealed, raw[:1] + binding)
        )
    except (InvalidTag, ValueError):
        raise _bad("it was made for another caller or question, or was altered") from None
    if now >= expires_at:
        raise _bad("it has expired")
    return position


def _bad(reason: str) -> Problem:
    return Problem("bad-cursor", f"the cursor cannot be used: {reason}")
