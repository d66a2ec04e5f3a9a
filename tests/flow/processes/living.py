"""Which processes of this machine belong to a world, by the folder in which they write or which their command names."""

import os
from pathlib import Path


def processes_of(folder: Path) -> list[str]:
    """The living processes of a folder, by name; dead ones that nobody has buried do not count."""
    return [
        _text(one / "comm")
        for one in Path("/proc").glob("[0-9]*")
        if _names(one, str(folder)) and _lives(one)
    ]


def _names(process: Path, folder: str) -> bool:
    return folder in _text(process / "cmdline") or any(one.startswith(folder) for one in _open_files(process))


def _open_files(process: Path) -> list[str]:
    try:
        return [os.readlink(one) for one in (process / "fd").iterdir()]
    except OSError:
        return []


def _lives(process: Path) -> bool:
    return _text(process / "stat").rpartition(")")[2].split()[:1] not in ([], ["Z"], ["X"])


def _text(path: Path) -> str:
    try:
        return path.read_bytes().replace(b"\0", b" ").decode(errors="replace")
    except OSError:
        return ""
