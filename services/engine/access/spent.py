"""How often grants were leaned on at this node today, across restarts; asked by the gate before a record is read."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime

from schemas.law.sharing.limits import legal_day
from schemas.trust.model import Grant
from schemas.trust.quota import Uses
from services.engine.log.access_log import AccessLog
from services.engine.log.files import LogUnavailable
from services.engine.log.recent import calls_on


@dataclass(slots=True)
class Spent:
    """What was answered today before this process began stands in the access log, and is read once, at the start. A
    call that was let through and answered nothing is forgotten by a restart."""

    log: AccessLog
    clock: Callable[[], datetime]
    _uses: Uses = field(default_factory=Uses)
    _recalled: bool = False

    async def recall(self) -> None:
        """Begin with what was spent before. Where the log cannot be read now, it is tried again at the next call."""
        with suppress(LogUnavailable):
            await self._recall()

    async def take(self, grant: Grant) -> None:
        """One more call. Problem quota-spent, too-many-calls; LogUnavailable while nobody knows."""
        if not self._recalled:
            await self._recall()
        self._uses.take(grant, self.clock())

    async def _recall(self) -> None:
        day = legal_day(self.clock())
        try:
            found = await asyncio.to_thread(calls_on, self.log.folder, day)
        except OSError as fault:
            raise LogUnavailable(f"it cannot be read: {fault.strerror}") from None
        if not self._recalled:
            self._uses.remember(day, found)
            self._recalled = True
