"""A file written whole or not at all, whatever ends this process; used for documents that must outlive it."""

import os
import tempfile
from pathlib import Path

from services.engine.log.files import sync_folder, write_all


def put(path: Path, content: bytes) -> None:
    """On the disk when this returns, readable by our own user alone; its folder is made. OSError."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor, unfinished = tempfile.mkstemp(prefix=f"{path.name}.", dir=path.parent)
    try:
        try:
            write_all(descriptor, content, None)
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        os.replace(unfinished, path)
    except OSError:
        Path(unfinished).unlink(missing_ok=True)
        raise
    sync_folder(path.parent)
