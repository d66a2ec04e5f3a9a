"""The messages that a log's last entries answered, so that a restart forgets none that could come again; used by the
access stage alone."""

from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime
from itertools import islice
from pathlib import Path

from schemas.trust.entries import BadLine, Line, read
from schemas.trust.message import REACH
from services.engine.log.files import backwards, segments

#: Most entries that are looked through: more than a node writes in the time that a message can come again.
_MOST = 500_000


def messages_since(folder: Path, now: datetime) -> list[str]:
    """The messages, as entries name them, that could come again at `now`; in the order in which they came.

    Reads from the end back to the first entry that is older than any of them. Raises OSError.
    """
    found: list[str] = []
    for line in islice(_lines(folder), _MOST):
        if datetime.fromisoformat(str(line.said["at"])) < now - REACH:
            break
        if "message" in line.said:
            found.append(str(line.said["message"]))
    return found[::-1]


def _lines(folder: Path) -> Iterator[Line]:
    """Every whole entry of a log, the last one first."""
    for segment in reversed(segments(folder)):
        for line in backwards(segment):
            with suppress(BadLine):
                yield read(line)
