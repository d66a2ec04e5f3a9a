"""A file written whole or not at all, whatever ends this process; used for documents that must outlive it."""

import os
import tempfile
from pathlib import Path

from services.engine.log.files import sync_folder, write_all


def put(path: Path, content: bytes, mode: int = 0o600) -> None:
    """On the disk when this returns, readable by its owner alone unless `mode` says otherwise; its folder is made.
    OSError.

    What root puts there belongs to whom the file before it belonged, or else its folder: the process that is to read it
    may be another user's.
    """
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    owner = (path if path.exists() else path.parent).stat()
    descriptor, unfinished = tempfile.mkstemp(prefix=f"{path.name}.", dir=path.parent)
    try:
        try:
            os.fchmod(descriptor, mode)
            if os.geteuid() == 0:
                os.fchown(descriptor, owner.st_uid, owner.st_gid)
            write_all(descriptor, content, None)
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        os.replace(unfinished, path)
    except OSError:
        Path(unfinished).unlink(missing_ok=True)
        raise
    sync_folder(path.parent)
