"""The grants of this department, fetched as soon as they change from the office that issues them; run beside the calls
by `node`."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from ssl import SSLContext
from typing import TYPE_CHECKING

from schemas.trust import token
from schemas.trust.keys import KeyPair
from schemas.trust.message import Message, sign
from schemas.trust.signed import DocumentRefused
from services.engine.access.kept_grants import KeptGrants
from services.engine.beside import beside
from services.engine.settings import Settings

if TYPE_CHECKING:
    import httpx

#: How often it is asked: what was suspended is to end within five seconds, whatever one call takes.
_EVERY_SECONDS = 1.0
_PATIENCE_SECONDS = 2.0
_log = logging.getLogger("langqiao.engine")


class OfficeAway(Exception):
    """The office gave no grants; says why."""


@dataclass(slots=True)
class Fetching:
    """Asks for the grants of `department` as its node, whose key the registry lists as system <node id>/node."""

    http: "httpx.AsyncClient"
    department: str
    node: str
    key: Callable[[], KeyPair]
    clock: Callable[[], datetime]
    _tag: str = ""

    async def newer(self) -> str | None:
        """The signed document; None where it is the one that was given last. Raises OfficeAway."""
        import httpx

        path, headers = f"/office/grants/{self.department}", self._headers()
        headers |= sign(Message("GET", path, "", headers, b""), self.key(), self.clock())
        try:
            answer = await self.http.get(path, headers=headers)
        except httpx.TransportError as fault:
            raise OfficeAway(type(fault).__name__) from None
        if answer.status_code == httpx.codes.NOT_MODIFIED:
            return None
        if answer.status_code != httpx.codes.OK:
            raise OfficeAway(f"it answered {answer.status_code}")
        self._tag = answer.headers.get("etag", "")
        return answer.text

    def forget(self) -> None:
        """What was given last could not be used, so it is asked for again."""
        self._tag = ""

    def _headers(self) -> dict[str, str]:
        lifetime = timedelta(seconds=60)
        said = token.make(
            self.key(),
            system=f"{self.node}/node",
            member=self.department,
            now=self.clock(),
            lifetime=lifetime,
        )
        known = {"if-none-match": self._tag} if self._tag else {}
        return {"authorization": f"Bearer {said}", **known}


@asynccontextmanager
async def grants_fetched(
    settings: Settings,
    grants: KeptGrants,
    key: Callable[[], KeyPair] | None,
    security: SSLContext | None,
    clock: Callable[[], datetime],
) -> AsyncIterator[None]:
    """Within the block the office is asked, where settings name one; whatever befalls it, what was good stays in force
    until it expires."""
    if settings.grants_from is None or key is None:
        yield
        return
    import httpx

    async with httpx.AsyncClient(
        base_url=settings.grants_from, timeout=_PATIENCE_SECONDS, trust_env=False, verify=security or True
    ) as http:
        fetching = Fetching(http, settings.department, settings.node_id, key, clock)
        async with beside(_fetch(fetching, grants)):
            yield


async def _fetch(fetching: Fetching, grants: KeptGrants) -> None:
    told = ""
    while True:
        said = ""
        try:
            text = await fetching.newer()
            if text is not None:
                await asyncio.to_thread(grants.bring, text, fetching.clock())
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
        await asyncio.sleep(_EVERY_SECONDS)
