"""Who received an item from this node since a time, by its access log: whom a department tells of a correction; used by
the steward's tool."""

from datetime import datetime
from pathlib import Path

from schemas.trust.entries import Act
from services.engine.log.recent import entries_backwards

_GIVING = frozenset({Act.READ, Act.LOOKUP, Act.VERIFY})


def receivers(
    folder: Path, dataset: str, item: str, since: datetime, subject: str | None = None
) -> list[str]:
    """The systems, sorted, that an item of a dataset was shown to since an aware time; with a subject (a pseudonym, as
    the log writes it) those alone whose answers were about it. Raises OSError."""
    found = set()
    for line in entries_backwards(folder):
        said = line.said
        if datetime.fromisoformat(str(said["at"])) < since:
            break
        shown = said.get("dataset") == dataset and item in said.get("items", ())
        about = subject is None or subject in said.get("subjects", ())
        if said.get("act") in _GIVING and shown and about and said.get("system"):
            found.add(str(said["system"]))
    return sorted(found)
