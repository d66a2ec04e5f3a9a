"""A file that may become another while a process runs: keys, and signed documents; looked at by whoever holds what it
says."""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from schemas.trust.signed import DocumentRefused

State = tuple[int, int, int]
_log = logging.getLogger("langqiao.engine")


@dataclass(slots=True)
class FollowedFile:
    """What cannot be used leaves what was good: `fault` says why the file as it stands cannot be, for /health, and the
    log says so once. `what` names it there; `path` None: there is none, which is no fault."""

    path: Path | None
    what: str
    seen: State | None = None
    fault: str | None = None

    def look(self, take: Callable[[bytes], None]) -> None:
        """Have the content taken if it is another than at the last look, at the cost of a look at the file's date.
        `take` raises ValueError or DocumentRefused where it is of no use."""
        if self.path is None:
            return
        seen = state_of(self.path)
        if seen is not None and seen == self.seen:
            return
        try:
            take(self.path.read_bytes())
        except OSError as fault:
            # Looked at again though it comes back as it was.
            self._blame(None, type(fault).__name__)
        except DocumentRefused as fault:
            self._blame(seen, fault.reason)
        except ValueError as fault:
            self._blame(seen, type(fault).__name__)
        else:
            self.seen, self.fault = seen, None

    def taken(self) -> None:
        """What stands there now is what its holder has, who has put it there."""
        self.seen, self.fault = None if self.path is None else state_of(self.path), None

    def forget(self) -> None:
        """Have it taken anew at the next look."""
        self.seen = None

    def _blame(self, seen: State | None, reason: str) -> None:
        if reason != self.fault:
            _log.error("%s not usable: %s (%s)", self.what, self.path.name if self.path else "-", reason)
        self.seen, self.fault = seen, reason


def state_of(path: Path) -> State | None:
    """A file's or folder's date, place and size; None where there is none."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_ino, found.st_size
