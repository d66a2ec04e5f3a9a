"""The key by which a gateway signs, as its file holds it: one may follow another while it runs; opened by `app`.

A department's service has its twin, for the two share no code but what is in `schemas`, where no file is read.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from schemas.trust.keys import BadKey, KeyPair
from schemas.trust.ring import KeyRing, read_ring

_log = logging.getLogger("langqiao.gateway")
_State = tuple[int, int, int]


@dataclass(slots=True)
class OwnKey:
    """Looked at again at each use, which costs a look at the file's date. A file that cannot be used leaves the keys
    that were good, which is said once."""

    path: Path
    ring: KeyRing
    clock: Callable[[], datetime]
    _seen: _State | None
    _fault: str | None = None

    def now(self) -> KeyPair:
        """The key that signs now. Whoever signs asks once for each thing signed."""
        seen = _state(self.path)
        if seen is None or seen != self._seen:
            try:
                self.ring, self._seen, self._fault = read_ring(self.path.read_bytes()), seen, None
            except OSError as fault:
                # Looked at again though it comes back as it was.
                self._blame(None, fault)
            except BadKey as fault:
                self._blame(seen, fault)
        return self.ring.at(self.clock())

    def _blame(self, seen: _State | None, fault: Exception) -> None:
        reason = type(fault).__name__
        if reason != self._fault:
            _log.error("key file not usable: %s (%s)", self.path.name, reason)
        self._seen, self._fault = seen, reason


def open_key(path: Path, clock: Callable[[], datetime]) -> OwnKey:
    """The key in a file; raises BadKey, OSError."""
    seen = _state(path)
    return OwnKey(path, read_ring(path.read_bytes()), clock, seen)


def _state(path: Path) -> _State | None:
    """None where there is no such file."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_ino, found.st_size
