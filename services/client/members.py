"""The member registry as a caller has it: a file that the authority signed, read again when it becomes another; used by
`bridge`."""

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

from schemas.trust.handing import text_of
from schemas.trust.holding import kept, nothing
from schemas.trust.registry import Registry
from schemas.trust.signed import DocumentRefused
from services.engine.followed_file import State, state_of


class BadRegistry(Exception):
    """The registry cannot be relied on; says which file, and why."""


class Members:
    """`authority` are the keys that may sign the file, key id -> public half in hex; their handovers are followed."""

    def __init__(self, path: Path, authority: Mapping[str, str]) -> None:
        self._path = path
        self._held = nothing(authority)
        self._seen: State | None = None

    def at(self, now: datetime) -> Registry:
        """The registry in force at an aware time, never an older one than before. Raises BadRegistry."""
        seen = state_of(self._path)
        try:
            if seen is None or seen != self._seen:
                self._held = kept(self._held, text_of(self._path.read_bytes()))
                self._seen = seen
        except OSError as fault:
            raise BadRegistry(f"{self._path}: the registry cannot be read: {fault.strerror}") from fault
        except DocumentRefused as fault:
            raise BadRegistry(f"{self._path}: not a registry to rely on: {fault}") from fault
        if self._held.registry.expires <= now:
            raise BadRegistry(f"{self._path}: the registry has expired; put the newest one there")
        return self._held.registry
