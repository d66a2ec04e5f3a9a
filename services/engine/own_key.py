"""The key by which a node signs, as its file holds it: one may follow another while the node runs; opened by `app`.

The gateway has its twin, for the two share no code but what is in `schemas`, where no file is read.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from schemas.trust.keys import KeyPair
from schemas.trust.ring import KeyRing, read_ring
from services.engine.followed_file import FollowedFile, state_of


@dataclass(slots=True)
class OwnKey:
    """Looked at again at each use. A file that cannot be used leaves the keys that were good."""

    file: FollowedFile
    ring: KeyRing
    clock: Callable[[], datetime]

    def now(self) -> KeyPair:
        """The key that signs now. Whoever signs asks once for each thing signed."""
        self.file.look(self._take)
        return self.ring.at(self.clock())

    def _take(self, content: bytes) -> None:
        self.ring = read_ring(content)


def open_key(path: Path, clock: Callable[[], datetime]) -> OwnKey:
    """The key in a file; raises BadKey, OSError."""
    file = FollowedFile(path, "key file", state_of(path))
    return OwnKey(file, read_ring(path.read_bytes()), clock)
