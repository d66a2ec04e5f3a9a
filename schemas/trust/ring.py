"""A system's private keys while one follows another: a key file that holds the key that signs and the one that will;
read by whoever signs, written by the tool that rotates.

The file is PEM. Above a key that is yet to begin stands a line `Begins: <time>`, which readers of PEM pass over.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from schemas.trust.keys import BadKey, KeyPair, read_private, write_private

_AT_ONCE = datetime.min.replace(tzinfo=UTC)
_KEY = re.compile(
    rb"(?:Begins: (?P<begins>[^\r\n]{0,80})\r?\n)?"
    rb"(?P<pem>-----BEGIN (?P<kind>[A-Z0-9 ]{1,40})-----.+?-----END (?P=kind)-----)",
    re.DOTALL,
)
#: What stays beside the keys where one of them, or the line above it, was cut short.
_CUT = re.compile(rb"^(?:-----BEGIN |Begins:)|\S\Z", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class KeyRing:
    """Keys with the moment (aware) from which each signs, in that order."""

    keys: tuple[tuple[datetime, KeyPair], ...]

    def at(self, now: datetime) -> KeyPair:
        """The one key that signs now: the last that has begun."""
        return next((key for begins, key in reversed(self.keys) if begins <= now), self.keys[0][1])

    def followed(self, key: KeyPair, begins: datetime, now: datetime) -> "KeyRing":
        """The key that signs now, and after it another."""
        return KeyRing(((_AT_ONCE, self.at(now)), (begins, key)))


def read_ring(pem: bytes) -> KeyRing:
    """The keys of a key file; raises BadKey. A file of one key, as it is made at first, is a ring of one."""
    found = [(_moment(one["begins"]), read_private(one["pem"])) for one in _KEY.finditer(pem)]
    if not found:
        raise BadKey("this is no private key in PEM form")
    # Else the one before would go on to sign, or sign again, as if nothing followed it.
    if _CUT.search(_KEY.sub(b"", pem)):
        raise BadKey("one of its keys is cut short, or the line above it")
    return KeyRing(tuple(sorted(found, key=lambda one: one[0])))


def write_ring(keys: Sequence[tuple[datetime, KeyPair]]) -> bytes:
    """A key file."""
    return b"".join(
        (b"" if begins == _AT_ONCE else f"Begins: {begins.isoformat()}\n".encode()) + write_private(key)
        for begins, key in keys
    )


def _moment(text: bytes | None) -> datetime:
    try:
        found = _AT_ONCE if text is None else datetime.fromisoformat(text.decode("ascii"))
    except ValueError:
        found = None
    if found is None or found.tzinfo is None:
        raise BadKey("when a key begins must be a time with zone")
    return found
