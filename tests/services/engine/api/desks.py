"""The desk of citizen services at a node of the tests: it vouches for whom it identified, and asks."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import Any

import httpx

from schemas.trust.about import PATH
from schemas.trust.vouching import Vouched, vouch
from services.engine.api.app import create_app
from services.engine.node import Department
from services.engine.settings import Settings
from tests.clock import Clock
from tests.services.engine.api import office
from tests.services.engine.api.conftest import ASKER, CITIZENS, Trust, client_of

DESK = f"{CITIZENS}/window"
SESSION = "identified:session-1"


@dataclass
class Desk:
    """The citizen-services system, at a node."""

    http: httpx.AsyncClient
    trust: Trust
    clock: Clock

    def vouched(self, number: int, system: str = DESK, **changed: Any) -> str:
        said = Vouched(system, office.owner_id(number), SESSION, self.clock())
        return vouch(replace(said, **changed), self.trust.systems[system])

    async def ask(self, number: int, path: str = PATH, **more: Any) -> httpx.Response:
        return await self.send({"vouched": self.vouched(number), **more}, path)

    async def send(self, body: dict[str, Any], path: str = PATH) -> httpx.Response:
        return await self.http.post(path, json=body)

    async def entries(self, number: int, **more: Any) -> list[dict[str, Any]]:
        answer = await self.ask(number, **more)
        assert answer.status_code == 200, answer.text
        found: list[dict[str, Any]] = answer.json()["entries"]
        return found


@asynccontextmanager
async def opened(
    settings: Settings, trust: Trust, clock: Clock, department: Department = office.DEPARTMENT
) -> AsyncIterator[tuple[Desk, httpx.AsyncClient]]:
    """A node of a test's own, its desk, and a window that names the grant."""
    app = create_app(department, settings, clock=clock)
    async with (
        app.router.lifespan_context(app),
        client_of(app, trust.headers(CITIZENS, SESSION), trust) as at_desk,
        client_of(app, trust.headers(ASKER, "grant:G-1"), trust) as window,
    ):
        yield Desk(at_desk, trust, clock), window
