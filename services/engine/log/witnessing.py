"""What this node holds of other nodes' logs: their signed checkpoints, each countersigned, so that no department can
write its past anew unnoticed; called by the control plane's `POST /log/checkpoints`."""

import logging
import re
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from threading import Lock

from schemas.trust import signed
from schemas.trust.keys import KeyPair
from schemas.trust.registry import Registry
from schemas.trust.signed import DocumentRefused
from schemas.trust.statements import (
    Checkpoint,
    Countersigned,
    countersign,
    read_checkpoint,
    unchecked_checkpoint,
)
from schemas.trust.word import LEEWAY
from services.engine.log.files import append_line

#: In the log's folder: a file for each node, and one for each that contradicted itself.
FOLDER = "witnessed"
_ENDING, _ALARM = ".jws", ".contradictions.jws"
_NODE = re.compile(r"\w[\w.-]{0,99}", re.ASCII)
_log = logging.getLogger("langqiao.engine")


class Contradiction(Exception):
    """The checkpoint cannot be true if one that its node signed before is. `known` is the number that stands."""

    def __init__(self, known: int) -> None:
        self.known = known
        super().__init__(known)


@dataclass(slots=True)
class Witness:
    """Holds checkpoints, under `folder`, for as long as the log is kept. One at a time, whatever thread calls."""

    folder: Path
    node: str
    key: Callable[[], KeyPair]
    clock: Callable[[], datetime]
    _last: dict[str, Checkpoint] = field(default_factory=dict)
    _one_at_a_time: Lock = field(default_factory=Lock)

    def hold(self, text: str, registry: Registry) -> str:
        """The countersignature of a signed checkpoint, which is on the disk by then; a checkpoint that is held
        already is countersigned again. Raises DocumentRefused, Contradiction, OSError."""
        one = read_checkpoint(text, registry)
        if not _NODE.fullmatch(one.node) or one.node == self.node:
            raise DocumentRefused("malformed", "this is no other node's checkpoint")
        if one.at > self.clock() + LEEWAY:
            # Beside one that is dated ahead, whatever contradicts it would look as if it came late.
            raise DocumentRefused("not-yet-valid", "it is of a time to come")
        if registry.key(signed.key_id_of(text), self.clock()) is None:
            # Who has a key that has ended can sign for any day before.
            raise DocumentRefused("unknown-key", "it is signed by a key that has ended")
        with self._one_at_a_time:
            last = self._last.get(one.node) or self._read_last(one.node)
            if last is None or one.number > last.number:
                self._keep(one, text, _ENDING)
                self._last[one.node] = one
            elif (one.number, one.hash) != (last.number, last.hash):
                self._refuse(one, text, last)
        return countersign(Countersigned(one, self.node, self.clock()), self.key())

    def held(self, node: str) -> list[Checkpoint]:
        """Every checkpoint that is held of a node, those included that contradict others. Raises OSError."""
        if not _NODE.fullmatch(node):
            return []
        return [one for ending in (_ENDING, _ALARM) for one in _read(self.folder / f"{node}{ending}")]

    @property
    def alarms(self) -> list[str]:
        """The nodes that contradicted themselves, until a person takes the evidence away."""
        if not self.folder.is_dir():
            return []
        return sorted(
            path.name.removesuffix(_ALARM) for path in self.folder.iterdir() if path.name.endswith(_ALARM)
        )

    def _refuse(self, one: Checkpoint, text: str, last: Checkpoint) -> None:
        """A smaller number of an earlier time came late, and proves nothing; anything else is evidence."""
        if one.number == last.number or one.at >= last.at:
            _log.error("access log: %s contradicts a checkpoint that it signed before", one.node)
            self._keep(one, text, _ALARM)
        raise Contradiction(last.number)

    def _keep(self, one: Checkpoint, text: str, ending: str) -> None:
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        append_line(self.folder / f"{one.node}{ending}", text)

    def _read_last(self, node: str) -> Checkpoint | None:
        """The newest checkpoint that is held of a node."""
        found = _read(self.folder / f"{node}{_ENDING}")
        return found[-1] if found else None


def _read(path: Path) -> list[Checkpoint]:
    """The checkpoints in a file of ours. What we kept was checked when it came, and a line that was left half written
    was never countersigned."""
    found = []
    for line in path.read_text().splitlines() if path.exists() else ():
        with suppress(DocumentRefused):
            found.append(unchecked_checkpoint(line))
    return found
