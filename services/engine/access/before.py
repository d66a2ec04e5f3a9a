"""What the access log says of the time before, read when it is first needed; used by `came` and `spent`."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar

from services.engine.log.access_log import AccessLog
from services.engine.log.files import LogUnavailable

T = TypeVar("T")


@dataclass(slots=True)
class Before(Generic[T]):
    """`read` gives what a log's folder says, and may raise OSError; `take` keeps it, once."""

    log: AccessLog
    read: Callable[[Path], T]
    take: Callable[[T], None]
    known: bool = False

    async def recall(self) -> None:
        """Read it, unless it is known; raises LogUnavailable."""
        if self.known:
            return
        # Whoever wrote the log before us may enter what it answers until it gives the log up.
        await self.log.appender.probe()
        try:
            found = await asyncio.to_thread(self.read, self.log.folder)
        except OSError as fault:
            raise LogUnavailable(f"it cannot be read: {fault.strerror}") from None
        if not self.known:
            self.take(found)
            self.known = True
