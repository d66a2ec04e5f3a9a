"""The keys by which a log says whom its entries are about: the newest names, all of them recognise; made by `node`."""

import hashlib
import hmac
from dataclasses import dataclass

from services.engine.pseudonym_keys import PseudonymKeys


@dataclass(frozen=True, slots=True)
class LogKeys:
    """A node's pseudonym keys as its log uses them: `derived` ones where they are those of its records, so that neither
    tells anything of the other. A retired key goes on to recognise, for as long as its file holds it."""

    keys: PseudonymKeys
    derived: bool

    def naming(self) -> bytes:
        """The newest, looked at anew in its file."""
        self.keys.look()
        return self._of(self.keys.newest.secret)

    def recognising(self) -> list[bytes]:
        """All that the file holds."""
        self.keys.look()
        return [self._of(one.secret) for one in self.keys.keys]

    def _of(self, secret: bytes) -> bytes:
        return derived_key(secret) if self.derived else secret


def derived_key(pseudonym_key: bytes) -> bytes:
    """The log's key where it has none of its own: it follows from the pseudonym key, and tells nothing of it."""
    return hmac.digest(pseudonym_key, b"access log", hashlib.sha256)
