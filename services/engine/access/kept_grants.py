"""The grants of this department as its node holds them: put there by a person, or brought from the office that signs
them; checked, on the disk, in force. Owned by the gate; `granting` hands in what comes."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from schemas.trust import signed
from schemas.trust.authority import Authority
from schemas.trust.grants import Grants, check_brought, from_document
from schemas.trust.signed import DocumentRefused
from services.engine.access.putting import put
from services.engine.followed_file import FollowedFile

_NONE = Grants()
#: How long what the office gives may go untaken before that is told: a call may fail, and an office begin anew.
_PATIENCE = timedelta(seconds=5)


@dataclass(slots=True)
class KeptGrants:
    """One signed document in a file, read again when that changes, for the department `owner`. What was read last and
    was good stays in force until a better one comes, or its signer is trusted no more."""

    path: Path | None
    trusted: Authority
    owner: str
    value: Grants = _NONE
    #: The highest number that was in force since the node began, be its signer trusted or not; 0: there was none.
    number: int = 0
    #: Why what the office gives now is not taken up, and since when (aware); None: it is, or nobody asks.
    _untaken: tuple[str, datetime] | None = None
    _signer: tuple[str, str] | None = None
    _file: FollowedFile = field(init=False)

    def __post_init__(self) -> None:
        self._file = FollowedFile(self.path, "signed file")

    def refresh(self) -> None:
        """Read the file if it has changed since it was read last."""
        self._file.look(lambda content: self._keep(content.decode()))

    def bring(self, text: str, now: datetime) -> None:
        """Take a document that comes now: it is in force at once, for it may take something away, and on the disk
        when this returns. Raises DocumentRefused, and then all is as it was; OSError, and then a restart does not know
        it."""
        if self.path is None:
            raise DocumentRefused("malformed", "there is no place for such a document here")
        found = from_document(self.trusted.read_now(text.strip(), now), self.owner)
        check_brought(found, now)
        self._take(found, text)
        put(self.path, text.encode())
        self._file.taken()

    def trust(self, authority: Authority) -> None:
        """Go by these keys from now on; what they did not sign before, they may have signed, and what another signed
        is in force no more."""
        if authority != self.trusted:
            self.trusted = authority
            self._file.forget()
        if self._signer is not None and self._signer not in authority.keys.items():
            self.value, self._signer = _NONE, None

    def why_not(self, now: datetime) -> str | None:
        """Why this document is not to be relied on now; None when it is, or when there is to be none."""
        if self.path is None or self._file.fault is not None:
            return self._file.fault
        if self.value.expires is None or self.value.expires <= now:
            return "expired"
        if self._untaken is not None and now - self._untaken[1] > _PATIENCE:
            why, since = self._untaken
            return f"the office's are not taken up since {since.isoformat()}: {why}"
        if self.value.left_out:
            return f"the office could not list {'; '.join(map(str, self.value.left_out))}"
        return None

    def told(self, trouble: str, now: datetime) -> None:
        """The office was asked: `trouble` is why what it gives is not taken up; empty: it is."""
        since = now if self._untaken is None else self._untaken[1]
        self._untaken = (trouble, since) if trouble else None

    @property
    def left_out(self) -> int:
        """How many grants the office could not list."""
        return sum(one.count for one in self.value.left_out)

    def facts(self) -> dict[str, Any]:
        """What /health shows beside."""
        since = None if self._untaken is None else self._untaken[1].isoformat()
        left_out = [one.facts for one in self.value.left_out]
        return {"number": self.value.number, "untaken_since": since, "left_out": left_out}

    def _keep(self, text: str) -> None:
        self._take(from_document(self.trusted.read(text.strip()), self.owner), text)

    def _take(self, found: Grants, text: str) -> None:
        if found.number < self.number:
            # An older document may have been put back to undo a removal.
            raise DocumentRefused("older", "the document in force has a higher number")
        key_id = signed.key_id_of(text.strip())
        self.value, self.number = found, found.number
        self._signer = (key_id, self.trusted.keys[key_id])
