"""Which processes of this machine belong to a world, by the folder that their command or environment names."""

from pathlib import Path


def processes_of(folder: Path) -> list[str]:
    """Command lines of living processes that name the folder; dead ones that nobody has buried do not count."""
    return [
        _text(one / "cmdline")
        for one in Path("/proc").glob("[0-9]*")
        if _names(one, str(folder)) and _lives(one)
    ]


def _names(process: Path, folder: str) -> bool:
    return folder in _text(process / "cmdline") or folder in _text(process / "environ")


def _lives(process: Path) -> bool:
    return _text(process / "stat").rpartition(")")[2].split()[:1] not in ([], ["Z"], ["X"])


def _text(path: Path) -> str:
    try:
        return path.read_bytes().replace(b"\0", b" ").decode(errors="replace")
    except OSError:
        return ""
