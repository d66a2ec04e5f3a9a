"""The key by which a node signs, as its file holds it: one may follow another while the node runs; opened by `app`.

The gateway has its twin, for the two share no code but what is in `schemas`, where no file is read.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from schemas.trust.keys import BadKey, KeyPair
from schemas.trust.ring import KeyRing, read_ring
from services.engine.file_state import State, state_of

_log = logging.getLogger("langqiao.engine")


@dataclass(slots=True)
class OwnKey:
    """Looked at again at each use, which costs a look at the file's date. A file that cannot be used leaves the keys
    that were good, which is said once."""

    path: Path
    ring: KeyRing
    clock: Callable[[], datetime]
    _seen: State | None

    def now(self) -> KeyPair:
        """The key that signs now. Whoever signs asks once for each thing signed."""
        seen = state_of(self.path)
        if seen not in (None, self._seen):
            self._seen = seen
            try:
                self.ring = read_ring(self.path.read_bytes())
            except (OSError, BadKey) as fault:
                _log.error("key file not usable: %s (%s)", self.path.name, type(fault).__name__)
        return self.ring.at(self.clock())


def open_key(path: Path, clock: Callable[[], datetime]) -> OwnKey:
    """The key in a file; raises BadKey, OSError."""
    seen = state_of(path)
    return OwnKey(path, read_ring(path.read_bytes()), clock, seen)
