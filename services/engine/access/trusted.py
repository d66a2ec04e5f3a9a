"""The signed grants as this node holds them, read again when their file changes."""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Generic, Protocol, TypeVar

from schemas.trust.authority import Authority
from schemas.trust.signed import DocumentRefused
from services.engine.access.putting import put

_log = logging.getLogger("langqiao.engine")


class Numbered(Protocol):
    """A document that rises in number and expires; None: there is no document."""

    @property
    def number(self) -> int: ...
    @property
    def expires(self) -> datetime | None: ...


_T = TypeVar("_T", bound=Numbered)


@dataclass(slots=True)
class SignedFile(Generic[_T]):
    """One signed document in a file. What was read last and was good stays in force until a better one comes.

    `fault` says why the file as it stands now cannot be used; None when it can, or when there is no file.
    """

    path: Path | None
    trusted: Authority
    read: Callable[[dict[str, Any]], _T]
    value: _T
    fault: str | None = None
    _seen: tuple[int, int] | None = None

    def refresh(self) -> None:
        """Read the file if it has changed since it was read last."""
        if self.path is None:
            return
        try:
            state = self.path.stat()
            if (state.st_mtime_ns, state.st_size) == self._seen:
                return
            self._seen = (state.st_mtime_ns, state.st_size)
            self._take(self.read(self.trusted.read(self.path.read_text().strip())))
        except DocumentRefused as refused:
            self._blame(refused.reason)
        except (OSError, UnicodeDecodeError) as unreadable:
            self._seen = None
            self._blame(type(unreadable).__name__)

    def bring(self, text: str) -> None:
        """Take a document that came: it is in force at once, for it may take something away, and on the disk when this
        returns. Raises DocumentRefused, and then all is as it was; OSError, and then a restart does not know it."""
        if self.path is None:
            raise DocumentRefused("malformed", "there is no place for such a document here")
        self._take(self.read(self.trusted.read(text.strip())))
        put(self.path, text.encode())
        state = self.path.stat()
        self._seen = (state.st_mtime_ns, state.st_size)

    def trust(self, authority: Authority) -> None:
        """Go by these keys from now on; what they did not sign before, they may have signed."""
        if authority != self.trusted:
            self.trusted, self._seen = authority, None

    def why_not(self, now: datetime) -> str | None:
        """Why this document is not to be relied on now; None when it is, or when there is to be none."""
        if self.path is None or self.fault is not None:
            return self.fault
        return "expired" if self.value.expires is None or self.value.expires <= now else None

    def _take(self, value: _T) -> None:
        if value.number < self.value.number:
            # An older document may have been put back to undo a removal.
            raise DocumentRefused("older", "the document in force has a higher number")
        self.value, self.fault = value, None

    def _blame(self, reason: str) -> None:
        if reason != self.fault:
            _log.error("signed file not usable: %s (%s)", self.path.name if self.path else "-", reason)
        self.fault = reason
