"""Whether a file is another than when it was read last, at the cost of a look at its date; asked by whoever holds keys
that may follow one another while a process runs."""

from pathlib import Path

State = tuple[int, int, int]


def state_of(path: Path) -> State | None:
    """Its date, place and size; None where there is no such file."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_ino, found.st_size
