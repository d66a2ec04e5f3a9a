"""What a log's last entries say of messages and grants, so that a restart forgets neither a message that could come
again nor a call that was spent; used by the access stage and by `receivers`."""

from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from datetime import date, datetime
from itertools import islice
from pathlib import Path

from schemas.law.sharing.limits import legal_day
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
    for line in islice(entries_backwards(folder), _MOST):
        if datetime.fromisoformat(str(line.said["at"])) < now - REACH:
            break
        if "message" in line.said:
            found.append(str(line.said["message"]))
    return found[::-1]


def calls_on(folder: Path, day: date) -> Counter[str]:
    """The answered calls of a legal day that leaned on grants, by grant id; a call that was answered in several chunks
    counts once. Raises OSError."""
    calls = set()
    for line in entries_backwards(folder):
        if legal_day(datetime.fromisoformat(str(line.said["at"]))) < day:
            break
        if "grant" in line.said:
            calls.add((str(line.said["grant"]), line.said.get("message", line.number)))
    return Counter(grant for grant, _ in calls)


def entries_backwards(folder: Path) -> Iterator[Line]:
    """Every whole entry of a log, the last one first."""
    for segment in reversed(segments(folder)):
        for line in backwards(segment):
            with suppress(BadLine):
                yield read(line)
