"""A service that kills itself at a chosen moment of its work; started by the tests of this folder. Moments:
`half-entry`, when half of the entry of that answer is written; `after-chunk`, when the entry of that chunk of a lookup
is on the disk and not a byte of it has left."""

import os
import signal
from itertools import count
from pathlib import Path
from typing import Any

from services.engine.api import lookup
from services.engine.api.serve import serve
from services.engine.log import store
from tests.flow.disclosure.office_process import settings_of
from tests.services.engine.api import office


def _die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def _in_entry(number: int) -> None:
    write_all, seen = store.write_all, count(1)

    def writing(descriptor: int, content: bytes, offset: int | None) -> None:
        if b'"act":"read"' in content and next(seen) == number:
            write_all(descriptor, content[: len(content) // 2], offset)
            _die()
        write_all(descriptor, content, offset)

    store.write_all = writing


def _after_chunk(number: int) -> None:
    enter, seen = lookup.enter, count(1)

    async def entering(*args: Any) -> str | None:
        receipt = await enter(*args)
        if next(seen) == number:
            _die()
        return receipt

    lookup.enter = entering


def run(folder: Path, port: int, moment: str, number: int) -> int:
    {"half-entry": _in_entry, "after-chunk": _after_chunk}[moment](number)
    return serve(office.DEPARTMENT, settings_of(folder, port))
