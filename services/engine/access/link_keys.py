"""The keys of links as this department's file holds them: looked at again while the node runs, and told by /health;
asked by the data plane for what a gateway sends and is given sealed."""

import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from schemas.trust.keys import BadKey
from schemas.trust.link_keys import Ends, LinkKey, LinkKeys, read_link_keys
from schemas.wire.problem import Problem
from services.engine.file_state import State, state_of

_log = logging.getLogger("langqiao.engine")
#: Most links that are told as lacking: what a gateway calls a link is its own word.
_MOST_TOLD = 20
#: How long that is told of a key which nobody asks for any more, and nobody brings.
_TOLD = timedelta(minutes=10)


@dataclass(slots=True)
class KeptLinkKeys:
    """Looked at again at each use, which costs a look at the file's date. A file that cannot be used leaves the keys
    that were good. `path` None: there are none."""

    path: Path | None
    clock: Callable[[], datetime]
    keys: LinkKeys = field(default_factory=LinkKeys)
    fault: str | None = None
    _seen: State | None = None
    #: Links of which a key was asked for and not held: which, None any, and when.
    _lacked: dict[Ends, tuple[str | None, datetime]] = field(default_factory=dict)

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
        if self.fault is not None:
            return self.fault
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
        if self.path is None:
            return
        seen = state_of(self.path)
        if seen is not None and seen == self._seen:
            return
        try:
            self.keys, self.fault, self._seen = read_link_keys(self.path.read_bytes()), None, seen
        except BadKey as fault:
            self._seen = seen
            self._blame(type(fault).__name__)
        except OSError as fault:
            # Looked at again though it comes back as it was.
            self._seen = None
            self._blame(type(fault).__name__)

    def _holds(self, ends: Ends, key_id: str | None) -> bool:
        return any(key_id in (None, one.key_id) for one in self.keys.held(ends, self.clock()))

    def _blame(self, reason: str) -> None:
        if reason != self.fault:
            _log.error(
                "file of links' keys not usable: %s (%s)", self.path.name if self.path else "-", reason
            )
        self.fault = reason
