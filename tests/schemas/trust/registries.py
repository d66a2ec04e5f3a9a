"""Registries, handovers and words as tests sign them."""

from datetime import UTC, datetime, timedelta
from typing import Any

from schemas.trust import signed
from schemas.trust.authority import hand_over
from schemas.trust.keys import KeyPair, new_key
from schemas.trust.word import Word, sign_word
from tests import registered

NOW = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
DAY = timedelta(days=1)
_WINDOW = new_key()


def document(number: int, **changed: Any) -> dict[str, Any]:
    """A registry of one member, issued an hour ago, good for a month."""
    member = registered.line("330200.approvals/window", _WINDOW)
    return {
        "number": number,
        "issued": (NOW - timedelta(hours=1)).isoformat(),
        "expires": (NOW + 30 * DAY).isoformat(),
        "members": [member],
        **changed,
    }


def registry(number: int, key: KeyPair, **changed: Any) -> str:
    """The same as one signed text."""
    return signed.sign(document(number, **changed), key)


def word(number: int, key: KeyPair, at: datetime = NOW) -> str:
    """The word that this number was the newest at a time."""
    return sign_word(Word(number, at), key)


def handed(old: KeyPair, new: KeyPair, until: datetime) -> str:
    """One key's handover to the next."""
    return hand_over(old, new.key_id, new.public_hex, until)


def registrar(key: KeyPair) -> dict[str, Any]:
    """The registry's line of one who may say which registry is in force."""
    return registered.line("330000.office/registrar", key, role="registrar")


def trusting(*keys: KeyPair) -> dict[str, str]:
    """The authority's keys as settings name them."""
    return {one.key_id: one.public_hex for one in keys}
