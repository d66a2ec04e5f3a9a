"""How often grants were leaned on at this node today, across restarts; asked by the gate before a record is read."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path

from schemas.law.sharing.limits import legal_day
from schemas.trust.model import Grant
from schemas.trust.quota import Uses
from services.engine.access.before import Before
from services.engine.log.access_log import AccessLog
from services.engine.log.recent import calls_on


@dataclass(slots=True)
class Spent:
    """What was answered today stands in the access log, which is read when the first call leans on a grant that has a
    quota; calls are counted here from then on. One that was let through and answered nothing is forgotten by a restart.
    """

    log: AccessLog
    clock: Callable[[], datetime]
    _uses: Uses = field(default_factory=Uses)
    _before: Before[tuple[date, Counter[str]]] = field(init=False)

    def __post_init__(self) -> None:
        self._before = Before(self.log, self._today, lambda found: self._uses.remember(*found))

    async def take(self, grant: Grant) -> None:
        """One more call. Problem quota-spent, too-many-calls; LogUnavailable while nobody knows."""
        if grant.quota_per_day is not None:
            await self._before.recall()
        self._uses.take(grant, self.clock())

    def _today(self, folder: Path) -> tuple[date, Counter[str]]:
        day = legal_day(self.clock())
        return day, calls_on(folder, day)
