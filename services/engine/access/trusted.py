"""The signed grants as this node holds them, read again when their file changes."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Generic, Protocol, TypeVar

from schemas.trust.authority import Authority
from schemas.trust.signed import DocumentRefused
from services.engine.access.putting import put
from services.engine.followed_file import FollowedFile


class Numbered(Protocol):
    """A document that rises in number and expires; None: there is no document."""

    @property
    def number(self) -> int: ...
    @property
    def expires(self) -> datetime | None: ...


_T = TypeVar("_T", bound=Numbered)


@dataclass(slots=True)
class SignedFile(Generic[_T]):
    """One signed document in a file. What was read last and was good stays in force until a better one comes."""

    path: Path | None
    trusted: Authority
    read: Callable[[dict[str, Any]], _T]
    value: _T
    _file: FollowedFile = field(init=False)

    def __post_init__(self) -> None:
        self._file = FollowedFile(self.path, "signed file")

    def refresh(self) -> None:
        """Read the file if it has changed since it was read last."""
        self._file.look(lambda content: self._take(content.decode()))

    def bring(self, text: str) -> None:
        """Take a document that came: it is in force at once, for it may take something away, and on the disk when this
        returns. Raises DocumentRefused, and then all is as it was; OSError, and then a restart does not know it."""
        if self.path is None:
            raise DocumentRefused("malformed", "there is no place for such a document here")
        self._take(text)
        put(self.path, text.encode())
        self._file.taken()

    def trust(self, authority: Authority) -> None:
        """Go by these keys from now on; what they did not sign before, they may have signed."""
        if authority != self.trusted:
            self.trusted = authority
            self._file.forget()

    def why_not(self, now: datetime) -> str | None:
        """Why this document is not to be relied on now; None when it is, or when there is to be none."""
        if self.path is None or self._file.fault is not None:
            return self._file.fault
        return "expired" if self.value.expires is None or self.value.expires <= now else None

    def _take(self, text: str) -> None:
        value = self.read(self.trusted.read(text.strip()))
        if value.number < self.value.number:
            # An older document may have been put back to undo a removal.
            raise DocumentRefused("older", "the document in force has a higher number")
        self.value = value
