"""The folder that a demo stands in: emptied of an earlier demo, and held by one demo at a time; used by `up`."""

import fcntl
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from services.cli.world.processes import StartFailed

#: Lies in every folder of a demo, and is locked while the demo runs; without it a folder is never emptied.
_MARK = "langqiao-demo.lock"


@contextmanager
def emptied(folder: Path) -> Iterator[Path]:
    """The folder, absolute and empty but for the mark; StartFailed when it is in use or holds anything else."""
    target = folder.resolve()
    target.mkdir(parents=True, exist_ok=True)
    mark = target / _MARK
    if not mark.exists() and any(target.iterdir()):
        raise StartFailed(f"{folder} holds something else than an earlier demo; choose another --folder")
    with mark.open("w") as held:
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as fault:
            raise StartFailed(f"another demo runs in {folder}; choose another --folder") from fault
        for one in target.iterdir():
            if one.is_dir():
                shutil.rmtree(one)
            elif one != mark:
                one.unlink()
        yield target
