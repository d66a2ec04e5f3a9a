"""The keys that make a department's record ids, and the words that its log has for identifiers: what their file holds,
and which of them names since which epoch; read by service and relay, written by the tool that rotates.

A file of one key is that key, byte for byte. A file of several holds them in armour, the newest first.
"""

import base64
import binascii
import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from services.engine.followed_file import FollowedFile

#: As many bytes as the digest that a key makes.
LEAST_BYTES = 32

_NAME = b"LANGQIAO PSEUDONYM KEY"
_KEY = re.compile(
    rb"(?:Retired: (?P<retired>[0-9T:+.Z-]{1,40})\r?\n)?"
    rb"-----BEGIN " + _NAME + rb"-----\r?\n(?P<secret>[A-Za-z0-9+/=\r\n]+)-----END " + _NAME + rb"-----\r?\n?"
)
#: Keys of other kinds, and such a file cut short: any bytes are a key, but who rotated these would lose what they are.
_OTHER = re.compile(rb"-----BEGIN |\A\s*\{\s*\"links\"")
_LABEL_CHARACTERS = 12


class BadKeys(ValueError):
    """The file holds no keys that can be used; says why, and nothing of them."""


class Turn(NamedTuple):
    """From an epoch on a key names, by its fingerprint."""

    epoch: int
    fingerprint: str


@dataclass(frozen=True, slots=True)
class PseudonymKey:
    """One secret. `retired` is since when (RFC 3339) it neither names records nor finds them: what the log holds by it
    is found still. `fingerprint` is made once: each change is compared with it."""

    secret: bytes = field(repr=False)
    retired: str | None = None
    fingerprint: str = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "fingerprint", fingerprint(self.secret))


def fingerprint(secret: bytes) -> str:
    """What tells one pseudonym key from another, and says nothing of either."""
    return hashlib.sha256(b"langqiao pseudonym key\0" + secret).hexdigest()[:32]


def read_keys(content: bytes) -> tuple[PseudonymKey, ...]:
    """The keys of a file, the newest first, which names; raises BadKeys."""
    if _NAME not in content:
        if _OTHER.search(content):
            raise BadKeys("it is a file of another kind")
        return (PseudonymKey(_long_enough(content)),)
    if _KEY.sub(b"", content).strip():
        raise BadKeys("between its keys stands something else")
    found = tuple(_key(one) for one in _KEY.finditer(content))
    if found[0].retired is not None:
        raise BadKeys("its newest key is retired")
    if len({one.secret for one in found}) < len(found):
        raise BadKeys("it holds a key twice")
    return found


def write_keys(keys: Sequence[PseudonymKey]) -> bytes:
    """A file of keys, the newest first."""
    return b"".join(
        (b"" if one.retired is None else f"Retired: {one.retired}\n".encode())
        + b"-----BEGIN %b-----\n%b-----END %b-----\n" % (_NAME, base64.encodebytes(one.secret), _NAME)
        for one in keys
    )


class PseudonymKeys:
    """The keys of one process, which its file may add to and its database may let take turns. `secret` is the one that
    names now: what the database says, and until it has said anything the oldest that is not retired, since a newer one
    names nothing before the relay has begun an epoch with it."""

    __slots__ = ("_epoch", "_file", "keys", "secret", "turns")

    def __init__(self, keys: Sequence[PseudonymKey], path: Path | None = None) -> None:
        self._file = FollowedFile(path, "key file")
        self._epoch = -1
        self.keys = tuple(keys)
        self.turns: tuple[Turn, ...] = ()
        self.secret = self._naming()

    @property
    def newest(self) -> PseudonymKey:
        return self.keys[0]

    @property
    def oldest(self) -> PseudonymKey:
        """Of those that are not retired."""
        return [one for one in self.keys if one.retired is None][-1]

    @property
    def several(self) -> bool:
        """Whether a record may be asked for by more than one id."""
        return self.oldest is not self.newest

    @property
    def lost(self) -> bool:
        """Whether the file lacks the key that names."""
        return bool(self.turns) and self.by_fingerprint(self.turns[-1].fingerprint) is None

    @property
    def others(self) -> list[bytes]:
        """The secrets by which a record is found beside the one that names."""
        return [one.secret for one in self.keys if one.retired is None and one.secret != self.secret]

    def look(self) -> None:
        """Take the file anew where it has changed. One that cannot be used leaves the keys that were good."""
        self._file.look(lambda content: self._take(read_keys(content)))

    def follow(self, turns: Sequence[Turn], epoch: int) -> None:
        """What the database says: the turns, the last of which names, as of an epoch; older news is passed over."""
        if epoch >= self._epoch and tuple(turns) != self.turns:
            self._epoch, self.turns = epoch, tuple(turns)
            self.secret = self._naming()

    def at(self, epoch: int) -> PseudonymKey | None:
        """The key that named in an epoch; None where the file holds it no more."""
        named = self._named_at(epoch)
        return self.oldest if named is None else self.by_fingerprint(named)

    def by_fingerprint(self, known: str) -> PseudonymKey | None:
        return next((one for one in self.keys if one.fingerprint == known), None)

    def label_at(self, epoch: int) -> str:
        """What stands for the key that named in an epoch beside what was told; nothing for the first of all."""
        named = self._named_at(epoch)
        return "" if named is None or named == self.turns[0].fingerprint else _label(named)

    def labelled(self, label: str) -> PseudonymKey | None:
        """The key that a label stands for; None where the file holds it no more."""
        if not label:
            return self.by_fingerprint(self.turns[0].fingerprint) if self.turns else self.oldest
        return next((one for one in self.keys if _label(one.fingerprint) == label), None)

    def _take(self, keys: tuple[PseudonymKey, ...]) -> None:
        """Whatever else a file lacks, not the key that names."""
        if self.secret not in [one.secret for one in keys]:
            raise BadKeys("it lacks the key that names")
        self.keys = keys
        self.secret = self._naming()

    def _named_at(self, epoch: int) -> str | None:
        """The fingerprint of the key that named in an epoch; None before the first turn."""
        return next((one.fingerprint for one in reversed(self.turns) if one.epoch <= epoch), None)

    def _naming(self) -> bytes:
        known = self.by_fingerprint(self.turns[-1].fingerprint) if self.turns else None
        return (known or self.oldest).secret


def open_keys(path: Path) -> PseudonymKeys:
    """The keys in a file; raises BadKeys, OSError."""
    return PseudonymKeys(read_keys(path.read_bytes()), path)


def only(secret: bytes) -> PseudonymKeys:
    """One key, of no file."""
    return PseudonymKeys((PseudonymKey(secret),))


def _key(found: re.Match[bytes]) -> PseudonymKey:
    try:
        secret = _long_enough(base64.b64decode(b"".join(found["secret"].split()), validate=True))
    except binascii.Error:
        raise BadKeys("one of its keys is no base64") from None
    return PseudonymKey(secret, found["retired"].decode() if found["retired"] else None)


def _long_enough(secret: bytes) -> bytes:
    if len(secret) < LEAST_BYTES:
        raise BadKeys(f"it holds a key of fewer than {LEAST_BYTES} bytes")
    return secret


def _label(known: str) -> str:
    return known[:_LABEL_CHARACTERS]
