"""The signed member registry and grants as this node holds them, read again when their files change."""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Generic, TypeVar

from schemas.trust import signed

_log = logging.getLogger("langqiao.engine")
_T = TypeVar("_T")


@dataclass(slots=True)
class SignedFile(Generic[_T]):
    """One signed document in a file. What was read last and was good stays in force until a better one comes.

    `fault` says why the file as it stands now cannot be used; None when it can, or when there is no file.
    """

    path: Path | None
    trusted: Mapping[str, str]
    read: Callable[[dict[str, Any]], _T]
    value: _T
    number: int = 0
    expires: datetime | None = None
    fault: str | None = None
    _seen: tuple[int, int] | None = None

    def refresh(self) -> bool:
        """Read the file if it has changed; whether a new value came of it."""
        if self.path is None:
            return False
        try:
            state = self.path.stat()
            seen = (state.st_mtime_ns, state.st_size)
            if seen == self._seen:
                return False
            self._take(signed.read(self.path.read_text(), self.trusted))
        except Exception as fault:
            # A file that cannot be used must not open, nor stop, anything: say so, keep what was good.
            self._blame(type(fault).__name__)
            return False
        self._seen, self.fault = seen, None
        return True

    def why_not(self, now: datetime) -> str | None:
        """Why this document is not to be relied on now; None when it is."""
        if self.fault is not None:
            return self.fault
        if self.expires is not None and self.expires <= now:
            return "expired"
        return None

    def _take(self, document: dict[str, Any]) -> None:
        number = int(document["number"])
        if number < self.number:
            raise OlderNumber
        self.value = self.read(document)
        self.number, self.expires = number, datetime.fromisoformat(document["expires"])

    def _blame(self, reason: str) -> None:
        if reason != self.fault:
            _log.error("signed file not usable: %s (%s)", self.path.name if self.path else "-", reason)
        self.fault = reason


class OlderNumber(Exception):
    """The file holds an older document than the one in force; it may have been put back to undo a removal."""
