"""The keys of links as this department's file holds them: looked at again while the node runs, and told by /health;
asked by the data plane for what a gateway sends and is given sealed."""

from collections.abc import Callable
from dataclasses import InitVar, dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from schemas.trust.link_keys import Ends, LinkKey, LinkKeys, read_link_keys
from schemas.wire.problem import Problem
from services.engine.followed_file import FollowedFile

#: Most links that are told as lacking: what a gateway calls a link is its own word.
_MOST_TOLD = 20
#: How long that is told of a key which nobody asks for any more, and nobody brings.
_TOLD = timedelta(minutes=10)


@dataclass(slots=True)
class KeptLinkKeys:
    """Looked at again at each use. A file that cannot be used leaves the keys that were good. `path` None: there are
    none."""

    path: InitVar[Path | None]
    clock: Callable[[], datetime]
    keys: LinkKeys = field(default_factory=LinkKeys)
    _file: FollowedFile = field(init=False)
    #: Links of which a key was asked for and not held: which, None any, and when.
    _lacked: dict[Ends, tuple[str | None, datetime]] = field(default_factory=dict)

    def __post_init__(self, path: Path | None) -> None:
        self._file = FollowedFile(path, "file of links' keys")

    def held(self, ends: Ends) -> tuple[LinkKey, ...]:
        """The keys of a link that open now, or will; Problem link-key-missing where there is none."""
        self.refresh()
        found = self.keys.held(ends, self.clock())
        if not found:
            raise self.lacks(ends, None)
        return found

    def lacks(self, ends: Ends, key_id: str | None) -> Problem:
        """What is answered where a link's key, or this one of its keys, is not held; /health tells it until it is, or
        for a while."""
        if len(self._lacked) < _MOST_TOLD:
            self._lacked[ends] = key_id, self.clock()
        which = "a key" if key_id is None else f"the key {key_id}"
        return Problem(
            "link-key-missing",
            f"{which} of the link between {ends[0]} and {ends[1]} is not held here",
            hint="Make one for the departments of both ends by `langqiao keys link`, or bring the one that they have.",
            members={"ends": list(ends)},
        )

    def why_not(self) -> str | None:
        """What is wrong with the keys; None when all is well."""
        self.refresh()
        since = self.clock() - _TOLD
        self._lacked = {
            ends: (key_id, at)
            for ends, (key_id, at) in self._lacked.items()
            if at > since and not self._holds(ends, key_id)
        }
        if self._file.fault is not None:
            return self._file.fault
        lacking = ", ".join(" and ".join(ends) for ends in self._lacked)
        return f"no key, or not the one asked for, of the links between {lacking}" if lacking else None

    def facts(self) -> dict[str, Any]:
        """The links of which keys are held, and the ids of those that seal or open, for /health."""
        now = self.clock()
        return {
            "links": {
                " ".join(ends): [one.key_id for one in self.keys.held(ends, now)] for ends in self.keys.of
            }
        }

    def refresh(self) -> None:
        """Read the file if it has changed since it was read last."""
        self._file.look(self._take)

    def _holds(self, ends: Ends, key_id: str | None) -> bool:
        return any(key_id in (None, one.key_id) for one in self.keys.held(ends, self.clock()))

    def _take(self, content: bytes) -> None:
        self.keys = read_link_keys(content)
