"""A node asks the office for its grants as itself, takes what is newer, and goes by the last good ones meanwhile."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from schemas.trust import message, registry, signed, token
from schemas.trust.authority import Authority
from schemas.trust.grants import number_at
from schemas.trust.keys import KeyPair, new_key
from services.engine.access.kept_grants import KeptGrants
from services.engine.granting import Fetching, grants_fetched
from services.engine.office import DataOffice, OfficeAway
from tests.clock import Clock
from tests.waiting import until

_DEPARTMENT, _OFFICE = "330200.taxation", "330200.data_office"
_KEY = new_key()


class Office:
    """An office that knows its own law only by what is asked of it: who asks, and by which tag."""

    def __init__(self) -> None:
        self.number = 1
        self.status = 200

    async def answer(self, request: Request) -> Response:
        line = {
            "id": _DEPARTMENT,
            "system": f"{_DEPARTMENT}/node",
            "role": "node",
            "keys": {_KEY.key_id: _KEY.public_hex},
        }
        now = datetime.now(UTC)
        known = registry.from_document(
            {"number": 1, "expires": (now + timedelta(days=1)).isoformat(), "members": [line]}
        )
        text = request.headers["authorization"].removeprefix("Bearer ")
        assert token.check(text, known, now).caller.member == request.path_params["department"]
        said = message.Message("GET", request.url.path, "", request.headers, b"")
        assert message.check(said, known, now, node=_OFFICE).sender.id == _DEPARTMENT
        tag = f'"{self.number}"'
        if self.status == 200 and request.headers.get("if-none-match") == tag:
            return Response(status_code=304, headers={"ETag": tag})
        return Response(f"document {self.number}", self.status, {"ETag": tag})


async def _health(request: Request) -> Response:
    return JSONResponse({"node": _OFFICE})


@asynccontextmanager
async def _asking(office: Any, key: KeyPair = _KEY) -> AsyncIterator[Fetching]:
    told = [Route("/office/grants/{department}", office.answer), Route("/health", _health)]
    app = Starlette(routes=told)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://office") as http:
        yield Fetching(DataOffice(http, _DEPARTMENT, _DEPARTMENT, lambda: key, lambda: datetime.now(UTC)))


async def test_what_is_newer_is_given_once() -> None:
    office = Office()
    async with _asking(office) as fetching:
        assert await fetching.newer() == "document 1"
        assert await fetching.newer() is None
        office.number = 2
        assert await fetching.newer() == "document 2"
        fetching.forget()
        assert await fetching.newer() == "document 2"


async def test_an_office_that_refuses_or_fails_counts_as_away() -> None:
    office = Office()
    async with _asking(office) as fetching:
        for office.status in (401, 404, 503):
            with pytest.raises(OfficeAway, match=f"it answered {office.status}"):
                await fetching.newer()


def _document(now: datetime) -> str:
    dates = {"issued": now.isoformat(), "expires": (now + timedelta(hours=1)).isoformat()}
    return signed.sign({"number": number_at(now), **dates, "grants": []}, _KEY)


@pytest.mark.parametrize(
    ("status", "text", "why"),
    [(500, "", "answered 500"), (200, "no document", "malformed"), (200, "longer", "too-long")],
)
async def test_health_says_since_when_what_the_office_gives_is_not_taken_up_and_when_it_is_again(
    tmp_path: Path, status: int, text: str, why: str
) -> None:
    clock, began = Clock(), datetime.now(UTC)
    kept = KeptGrants(tmp_path / "grants.jws", Authority({_KEY.key_id: _KEY.public_hex}), _DEPARTMENT)
    kept.bring(_document(began), began)
    given = {"longer": signed.sign({**_LONG, "issued": began.isoformat()}, _KEY)}.get(text, text)
    answers = [Response(given, status)]

    class Told:
        async def answer(self, request: Request) -> Response:
            return answers[-1]

    async with _asking(Told()) as fetching:
        fetching.office.clock = clock
        async with grants_fetched(fetching.office, kept):
            since = await until(lambda: kept.facts()["untaken_since"])
            assert kept.why_not(clock.now) is None, "one call may fail"
            clock.now += timedelta(seconds=10)
            reason = str(await until(lambda: kept.why_not(clock.now)))
            assert why in reason
            assert str(since) in reason
            assert kept.facts()["untaken_since"] == since, "it goes on since then"
            answers.append(Response(_document(clock.now)))
            await until(lambda: kept.why_not(clock.now) is None)
            said = {"number": number_at(clock.now), "untaken_since": None, "left_out": []}
            assert kept.facts() == said


_LONG = {"number": 1, "expires": "2999-01-01T00:00:00Z", "grants": []}
