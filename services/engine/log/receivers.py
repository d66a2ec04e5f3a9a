"""Who received an item from this node since a time, by its access log, as the data office will find it; used by the
steward's tool."""

from datetime import datetime
from pathlib import Path

from schemas.trust.received import Sought
from services.engine.log.recent import entries_backwards


def receivers(
    folder: Path, dataset: str, item: str, since: datetime, subject: str | None = None
) -> list[str]:
    """The systems, sorted, that received an item of a dataset since an aware time; with a subject (a pseudonym, as the
    log writes it) those alone whose answers were about it. Raises OSError."""
    sought = Sought(dataset, item, None if subject is None else frozenset({subject}))
    found = set()
    for line in entries_backwards(folder):
        if datetime.fromisoformat(str(line.said["at"])) < since:
            break
        if (system := sought.receiver(line.said)) is not None:
            found.add(system)
    return sorted(found)
