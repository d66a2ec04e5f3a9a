"""A node tells its office who used what retires: when that begins, when it changes, once a day, and never else."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from pathlib import Path

import httpx
import orjson
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from schemas.law.sharing.limits import legal_day
from schemas.trust import message, registry
from schemas.trust.entries import Act
from schemas.trust.keys import new_key
from schemas.trust.retiring import Retirement
from schemas.trust.uses import Uses, read_uses
from schemas.wire.problem import Problem
from services.engine.log.store import Store
from services.engine.log.uses import LastUses
from services.engine.office import DataOffice, OfficeAway
from services.engine.telling import Telling
from tests.clock import Clock
from tests.services.engine.log.desk import entry, store

_DEPARTMENT, _DATASET = "330203.workshop", "workshop.tools"
_DAY = timedelta(days=1)
_KEY = new_key()


@dataclass
class Told:
    """An office that keeps what it is told, a node that tells it, and that node's log and clock."""

    clock: Clock
    log: Store
    telling: Telling
    retiring: dict[tuple[str, int], Retirement]
    bodies: list[Uses] = field(default_factory=list)
    status: int = 204

    async def take(self, request: Request) -> Response:
        body = await request.body()
        line = {
            "id": _DEPARTMENT,
            "system": f"{_DEPARTMENT}/node",
            "role": "node",
            "keys": {_KEY.key_id: _KEY.public_hex},
        }
        until = (self.clock() + _DAY).isoformat()
        known = registry.from_document({"number": 1, "expires": until, "members": [line]})
        said = message.Message("POST", request.url.path, "", request.headers, body)
        message.check(said, known, self.clock(), node="330200.data_office")
        if self.status == 204:
            self.bodies.append(read_uses(body))
        return Response(status_code=self.status)

    def use(self, member: str) -> None:
        used = replace(entry(), act=Act.READ, dataset=_DATASET, major=1, member=member, at=self.clock())
        self.log.write([used])

    def retire(self, days: int = 90) -> None:
        ends = legal_day(self.clock()) + timedelta(days=days)
        self.retiring[_DATASET, 1] = Retirement(_DATASET, 1, self.clock(), ends)


async def _health(request: Request) -> Response:
    return JSONResponse({"node": "330200.data_office"})


@pytest.fixture
async def told(tmp_path: Path) -> AsyncIterator[Told]:
    clock = Clock()
    retiring: dict[tuple[str, int], Retirement] = {}
    app = Starlette(routes=[Route("/health", _health)])
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://office") as http:
        office = DataOffice(http, _DEPARTMENT, _DEPARTMENT, lambda: _KEY, clock)
        telling = Telling(office, lambda: retiring, LastUses(tmp_path))
        made = Told(clock, store(tmp_path), telling, retiring)
        app.router.routes.append(Route(f"/office/uses/{_DEPARTMENT}", made.take, methods=["POST"]))
        yield made


async def test_nothing_is_told_while_nothing_retires(told: Told) -> None:
    told.use("330200.approvals")
    await told.telling.look()
    assert told.bodies == []


async def test_it_tells_at_once_when_it_changes_and_once_a_day(told: Told) -> None:
    told.use("330200.approvals")
    told.retire()
    for _ in range(2):
        await told.telling.look()
    first = legal_day(told.clock())
    assert told.bodies == [Uses(_DATASET, 1, {"330200.approvals": first})]
    told.use("330200.taxation")
    await told.telling.look()
    assert [set(one.used) for one in told.bodies[1:]] == [{"330200.approvals", "330200.taxation"}]
    told.clock.now += _DAY
    for _ in range(2):
        await told.telling.look()
    assert told.bodies[2:] == told.bodies[1:2], "the office is told each day, though nothing has changed"


async def test_that_nobody_used_it_is_told_too(told: Told) -> None:
    told.retire()
    await told.telling.look()
    assert told.bodies == [Uses(_DATASET, 1, {})]


async def test_what_is_over_is_told_of_no_more(told: Told) -> None:
    told.use("330200.approvals")
    told.retire(days=0)
    await told.telling.look()
    assert told.bodies == []


async def test_an_office_that_is_away_is_told_when_it_is_back(told: Told) -> None:
    told.retire()
    told.status = 503
    with pytest.raises(OfficeAway, match="503"):
        await told.telling.look()
    told.status = 204
    await told.telling.look()
    assert len(told.bodies) == 1


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b'{"dataset":"a.b","major":1}',
        b'{"dataset":"a.b","major":true,"used":{}}',
        b'{"dataset":1,"major":1,"used":{}}',
        b'{"dataset":"a.b","major":1,"used":{"x,y":"2026-01-01"}}',
        b'{"dataset":"a.b","major":1,"used":{"x":"soon"}}',
        b'{"dataset":"a.b","major":1,"used":{"x":1}}',
        orjson.dumps({"dataset": "a.b", "major": 1, "used": {f"m{n}": "2026-01-01" for n in range(10_001)}}),
    ],
)
def test_what_does_not_tell_it_is_refused_without_echo(body: bytes) -> None:
    with pytest.raises(Problem) as refused:
        read_uses(body)
    assert refused.value.code == "bad-body"
    assert "x,y" not in refused.value.detail


def test_what_is_told_is_read_as_it_was_meant() -> None:
    uses = Uses(_DATASET, 2, {"330200.approvals": date(2026, 1, 31), "": date(2026, 2, 1)})
    assert read_uses(uses.body()) == uses
