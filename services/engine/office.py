"""The data office as this department's node reaches it: calls signed by the node's own key; used by `granting` and
`telling`."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from ssl import SSLContext
from typing import TYPE_CHECKING

from schemas.trust import token
from schemas.trust.keys import KeyPair
from schemas.trust.message import Message, sign
from schemas.wire import headers as names
from services.engine.settings import Settings

if TYPE_CHECKING:
    import httpx

_PATIENCE_SECONDS = 2.0


class OfficeAway(Exception):
    """The office did not answer; says why."""


@dataclass(slots=True)
class DataOffice:
    """Called for `department` as its node, whose key the registry lists as system <node id>/node. Each call is for the
    office's own node alone, which says at its address who it is."""

    http: "httpx.AsyncClient"
    department: str
    node: str
    key: Callable[[], KeyPair]
    clock: Callable[[], datetime]
    _named: str = ""

    async def call(
        self, method: str, path: str, body: bytes = b"", headers: dict[str, str] | None = None
    ) -> "httpx.Response":
        """Its answer, whatever that is. Raises OfficeAway."""
        import httpx

        try:
            sent = self._headers() | {names.NODE: await self._called()} | (headers or {})
            sent |= sign(Message(method, path, "", sent, body), self.key(), self.clock())
            answer = await self.http.request(method, path, content=body, headers=sent)
        except httpx.TransportError as fault:
            raise OfficeAway(type(fault).__name__) from None
        if answer.status_code == httpx.codes.UNAUTHORIZED:
            # Who is there may be another one by now.
            self._named = ""
        return answer

    async def _called(self) -> str:
        """The id of the node at the office's address."""
        if not self._named:
            answer = await self.http.get("/health")
            try:
                self._named = str(answer.json()["node"])
            except (ValueError, KeyError, TypeError):
                raise OfficeAway("it does not say who it is") from None
        return self._named

    def _headers(self) -> dict[str, str]:
        said = token.make(
            self.key(),
            system=f"{self.node}/node",
            member=self.department,
            now=self.clock(),
            lifetime=timedelta(seconds=60),
        )
        return {"authorization": f"Bearer {said}"}


@asynccontextmanager
async def office_reached(
    settings: Settings,
    key: Callable[[], KeyPair] | None,
    security: SSLContext | None,
    clock: Callable[[], datetime],
) -> AsyncIterator[DataOffice | None]:
    """The office within the block; None where the settings name none."""
    if settings.grants_from is None or key is None:
        yield None
        return
    import httpx

    async with httpx.AsyncClient(
        base_url=settings.grants_from, timeout=_PATIENCE_SECONDS, trust_env=False, verify=security or True
    ) as http:
        yield DataOffice(http, settings.department, settings.node_id, key, clock)
