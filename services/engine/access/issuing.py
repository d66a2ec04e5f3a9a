"""The keys of the OIDC issuer that this node trusts, as they were fetched last; asked by the gate for its tokens."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from ssl import SSLContext

from schemas.trust import issued
from schemas.trust.issued import LARGEST_SET, BadKeys, Issuer, Keys
from schemas.trust.model import Caller
from schemas.trust.registry import Registry
from services.engine.settings import Settings

#: A key that its issuer withdrew is not believed for longer than the first of these; and while the issuer does not
#: answer, not for longer than the second.
_FRESH, _GOOD = timedelta(hours=1), timedelta(days=1)
_PATIENCE_SECONDS = 2.0
_log = logging.getLogger("langqiao.engine")

Fetch = Callable[[], Awaitable[bytes]]


class Unfetched(Exception):
    """The issuer's keys did not come; says why, without an address."""


@dataclass(slots=True)
class Issuing:
    """One issuer. `fetch` raises Unfetched; it is called at most once in `pause`, whoever asks with whatever key.
    `fault` says why the last fetch brought nothing of use."""

    issuer: Issuer
    fetch: Fetch
    pause: timedelta
    clock: Callable[[], datetime]
    fault: str | None = None
    _keys: Keys = field(default_factory=dict)
    _fetched: datetime | None = None
    _tried: datetime | None = None
    _one_at_a_time: asyncio.Lock = field(default_factory=asyncio.Lock)

    def made(self, token: str) -> bool:
        """Whether a token says that it is of this issuer."""
        return issued.names_issuer(token, self.issuer)

    async def meet(self, token: str) -> None:
        """Have the key that a token names, where the issuer publishes it."""
        if self._lacks(issued.key_id_of(token)):
            async with self._one_at_a_time:
                # Whoever waited here may find that another's fetch brought it.
                if self._lacks(issued.key_id_of(token)) and self._may_try():
                    await self._fetch()

    def check(self, token: str, registry: Registry) -> Caller:
        """Who a token speaks for, by the keys that are here; Problem bad-token."""
        now = self.clock()
        good = self._fetched is not None and now < self._fetched + _GOOD
        return issued.check(token, self.issuer, self._keys if good else {}, registry, now)

    def _lacks(self, key_id: str) -> bool:
        fresh = self._fetched is not None and self.clock() < self._fetched + _FRESH
        return not fresh or key_id not in self._keys

    def _may_try(self) -> bool:
        return self._tried is None or self.clock() >= self._tried + self.pause

    async def _fetch(self) -> None:
        self._tried = self.clock()
        try:
            self._keys = issued.read_keys(await self.fetch())
            self._fetched, self.fault = self._tried, None
        except (BadKeys, Unfetched) as fault:
            _log.error("keys of the issuer not usable: %s", fault)
            self.fault = str(fault)


def open_issuing(
    settings: Settings, security: SSLContext | None, clock: Callable[[], datetime]
) -> Issuing | None:
    """The issuer that the settings name, None without one. `security` is by what it is asked."""
    if settings.issuer is None or settings.issuer_keys is None:
        return None
    issuer = Issuer(settings.issuer, settings.issuer_audience, settings.issuer_officer_claim)
    source = settings.issuer_keys
    fetch = _asking(source, security) if source.startswith("https://") else _reading(Path(source))
    return Issuing(issuer, fetch, timedelta(seconds=settings.issuer_pause_seconds), clock)


def _reading(path: Path) -> Fetch:
    async def fetch() -> bytes:
        try:
            return await asyncio.to_thread(path.read_bytes)
        except OSError as fault:
            raise Unfetched(fault.strerror or type(fault).__name__) from None

    return fetch


def _asking(url: str, security: SSLContext | None) -> Fetch:
    async def fetch() -> bytes:
        import httpx

        opened = httpx.AsyncClient(timeout=_PATIENCE_SECONDS, trust_env=False, verify=security or True)
        try:
            async with asyncio.timeout(_PATIENCE_SECONDS), opened as http, http.stream("GET", url) as answer:
                if answer.status_code != httpx.codes.OK:
                    raise Unfetched(f"the issuer answered {answer.status_code}")
                found = b""
                async for part in answer.aiter_bytes():
                    found += part
                    if len(found) > LARGEST_SET:
                        break
                return found
        except (httpx.HTTPError, TimeoutError) as fault:
            raise Unfetched(type(fault).__name__) from None

    return fetch
