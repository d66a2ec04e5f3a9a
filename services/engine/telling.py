"""Who still uses what retires, told to the office that ends it, which cannot know that otherwise: who needs no grant
stands in this node's access log alone; run beside the calls by `node`."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path

from schemas.law.sharing.limits import legal_day
from schemas.trust.retiring import Retirements, over
from schemas.trust.uses import PATH, Uses
from schemas.wire import headers as names
from services.engine.beside import beside
from services.engine.log.files import LogUnavailable
from services.engine.log.uses import LastUses, Major
from services.engine.office import DataOffice, OfficeAway

#: What is used once a year is used.
LATELY = timedelta(days=366)
#: How often it is seen whether anything retires, and after how long the log is looked at again.
_LOOK_SECONDS = 1.0
_AGAIN = timedelta(hours=1)
#: After how long it is tried again, where the office or the log was away.
_SOON = timedelta(minutes=1)
_TAKEN = 204
_log = logging.getLogger("langqiao.engine")


@dataclass(slots=True)
class Telling:
    """Tells `office` of what `retiring` says at each look, by the log in `uses`. An answer that does not come is not
    waited for: it is told again after a while, and once on each legal day."""

    office: DataOffice
    retiring: Callable[[], Retirements]
    uses: LastUses
    _told: dict[Major, tuple[date, Uses]] = field(default_factory=dict)

    async def look(self) -> None:
        """Tell what is new. Raises OfficeAway, LogUnavailable."""
        now = self.office.clock()
        going = self.retiring().keys() - over(self.retiring(), now)
        if not going:
            return
        today = legal_day(now)
        for one in await self.uses.look(going, today - LATELY):
            major = one.dataset, one.major
            if self._told.get(major) != (today, one):
                await self._tell(one)
                self._told[major] = today, one

    async def _tell(self, one: Uses) -> None:
        said = {"content-type": names.JSON}
        answer = await self.office.call("POST", PATH + self.office.department, one.body(), said)
        if answer.status_code != _TAKEN:
            raise OfficeAway(f"it answered {answer.status_code}")


@asynccontextmanager
async def uses_told(
    office: DataOffice | None, retiring: Callable[[], Retirements], log: Path
) -> AsyncIterator[None]:
    """Within the block the office is told, where there is one, by the access log in a folder."""
    if office is None:
        yield
        return
    async with beside(_tell_on(Telling(office, retiring, LastUses(log)))):
        yield


async def _tell_on(telling: Telling) -> None:
    """Look at once where another major retires, and else each hour: a log is long, and the list is of days."""
    seen: frozenset[Major] = frozenset()
    again = telling.office.clock()
    while True:
        known, now = frozenset(telling.retiring()), telling.office.clock()
        if known != seen or (known and now >= again):
            seen, again = known, now + (_AGAIN if await _is_told(telling) else _SOON)
        await asyncio.sleep(_LOOK_SECONDS)


async def _is_told(telling: Telling) -> bool:
    try:
        await telling.look()
    except (OfficeAway, LogUnavailable) as fault:
        _log.warning("who uses what retires is not told now (%s)", fault)
        return False
    except Exception as fault:
        _log.error("who uses what retires could not be told: %s", type(fault).__name__)
        return False
    return True
