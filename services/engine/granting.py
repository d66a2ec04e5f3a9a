"""What the office decides for this department, grants and the ends of its majors, fetched as soon as it changes; run
beside the calls by `node`."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from schemas.trust.signed import DocumentRefused
from services.engine.access.kept_grants import KeptGrants
from services.engine.beside import beside
from services.engine.office import DataOffice, OfficeAway

#: How often it is asked: what was suspended is to end within five seconds, whatever one call takes.
_EVERY_SECONDS = 1.0
_OK, _NOT_MODIFIED = 200, 304
_log = logging.getLogger("langqiao.engine")


@dataclass(slots=True)
class Fetching:
    """Asks the office for the grants of its department."""

    office: DataOffice
    _tag: str = ""

    async def newer(self) -> str | None:
        """The signed document; None where it is the one that was given last. Raises OfficeAway."""
        known = {"if-none-match": self._tag} if self._tag else {}
        answer = await self.office.call("GET", f"/office/grants/{self.office.department}", headers=known)
        if answer.status_code == _NOT_MODIFIED:
            return None
        if answer.status_code != _OK:
            raise OfficeAway(f"it answered {answer.status_code}")
        self._tag = answer.headers.get("etag", "")
        return answer.text

    def forget(self) -> None:
        """What was given last could not be used, so it is asked for again."""
        self._tag = ""


@asynccontextmanager
async def grants_fetched(office: DataOffice | None, grants: KeptGrants) -> AsyncIterator[None]:
    """Within the block the office is asked, where there is one; whatever befalls it, what was good stays in force until
    it expires, and what was said to end ends."""
    if office is None:
        yield
        return
    async with beside(_fetch(Fetching(office), grants)):
        yield


async def _fetch(fetching: Fetching, grants: KeptGrants) -> None:
    told = ""
    while True:
        said = ""
        try:
            text = await fetching.newer()
            if text is not None:
                await asyncio.to_thread(grants.bring, text, fetching.office.clock())
        except OfficeAway as away:
            said = f"the office is away: {away}"
        except (DocumentRefused, OSError) as fault:
            said = f"what the office gave is refused: {fault}"
            fetching.forget()
        except Exception as fault:
            said = type(fault).__name__
            fetching.forget()
        if said and said != told:
            _log.warning("grants are not fetched now (%s)", said)
        told = said
        grants.told(said, fetching.office.clock())
        await asyncio.sleep(_EVERY_SECONDS)
