"""What a gateway can do with a token that it was passed: read, and have a person's look at a log; at every other
address that a department or a data office describes, its message is refused."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest
from fastapi import FastAPI

from schemas.trust import about_record, keys, log_page, signed, token
from schemas.trust.message import Message, sign
from schemas.wire import headers as names
from services.cli.world.seeding import seed
from services.engine.api.app import create_app
from services.engine.synthetic.population import Size
from tests import registered
from tests.clock import Clock
from tests.services.departments.data_office import conftest as bureau
from tests.services.engine.api import conftest as node
from tests.services.engine.api import office

_GATEWAY = f"{bureau.DIVISION}.gateway"
#: What a gateway asks for the caller whose token it was passed, as a description writes it.
_PASSED_ON = {
    *("GET {dataset}", "HEAD {dataset}", "GET {dataset}/{record_id}"),
    *("POST {dataset}/query", "POST {dataset}/lookup", "POST {dataset}/verify"),
    *("POST /log/about-me", "POST /log/mandates"),
}
#: What is the same for everybody, or is said by a signature of its own; a token makes no difference to it.
_ANYBODYS = {
    *("GET /health", "GET /metrics", "GET /catalogue"),
    *("POST /registry", "POST /log/checkpoints", "POST /log/time-tokens"),
}


@dataclass(frozen=True)
class Place:
    """A running node: its id, a dataset of its, everybody's keys by system, the gateway's system, and whose tokens the
    gateway is passed."""

    app: FastAPI
    node: str
    dataset: str
    systems: dict[str, keys.KeyPair]
    gateway: str
    passed: tuple[str, ...]

    def addresses(self) -> list[tuple[str, str, str]]:
        """What it says can be called: method, path, and how the lists above write both."""
        found = []
        for path, methods in self.app.openapi()["paths"].items():
            for method in (one.upper() for one in methods):
                _, records, rest = path.partition("/records/")
                shape = "/".join(["{dataset}", *rest.split("/")[2:]]) if records else path
                found.append((method, path, f"{method} {shape}"))
        return found

    async def call(self, method: str, path: str, system: str | None) -> tuple[int, str]:
        """Status and reason of what a gateway is answered that sends a system's token on; None: of a call by nobody."""
        path = path.replace("{department}", str(system).partition("/")[0]).replace("{", "").replace("}", "")
        body = b"" if method in ("GET", "HEAD") else self._body(path)
        headers = {"content-type": names.JSON, names.NODE: self.node}
        if system is not None:
            headers |= self._sent_on(system)
            headers |= sign(Message(method, path, "", headers, body), self.systems[self.gateway], _now())
        transport = httpx.ASGITransport(app=self.app)
        async with httpx.AsyncClient(transport=transport, base_url="http://node") as client:
            answer = await client.request(method, path, headers=headers, content=body)
        said = orjson.loads(answer.content) if answer.is_error and answer.content else {}
        return answer.status_code, said.get("reason", "")

    def _body(self, path: str) -> bytes:
        """A form that fits, where it is looked at before it is known who calls."""
        fitting = {
            log_page.PATH: log_page.PageAsk(self.dataset).body(),
            about_record.PATH: about_record.RecordAsk(self.dataset, "A00", "a.b.c").body(),
            "/office/civil-time": b"",
        }
        return fitting.get(path, b"{}")

    def _sent_on(self, system: str) -> dict[str, str]:
        text = token.make(self.systems[system], system=system, member=system.partition("/")[0], now=_now())
        return {
            "authorization": f"Bearer {text}",
            names.OFFICER: "officer-1",
            names.PURPOSE: node.CASE,
            names.QUESTION: "q-1",
        }


def _now() -> datetime:
    return datetime.now(UTC)


@asynccontextmanager
async def _department(folder: Path) -> AsyncIterator[Place]:
    trust = node.make_trust(folder / "trust")
    app = create_app(office.DEPARTMENT, node.make_settings(folder, trust))
    async with app.router.lifespan_context(app):
        passed = (f"{office.OWNER}/window", f"{node.ASKER}/window", f"{node.CITIZENS}/window")
        yield Place(app, office.OWNER, f"{office.KIND}.vehicles", trust.systems, node.GATEWAY, passed)


@asynccontextmanager
async def _office(folder: Path) -> AsyncIterator[Place]:
    """A demo's, where civil time is moved at an address too."""
    await asyncio.to_thread(seed, "data_office", f"sqlite:///{folder / 'seeded.sqlite'}", Size())
    trust, gateway = bureau.make_trust(folder), keys.new_key()
    listed = signed.unchecked(trust.registry.read_text())
    listed["members"].append(registered.line(_GATEWAY, gateway, role="gateway"))
    trust.registry.write_text(signed.sign(listed, trust.authority))
    settings = bureau.make_settings(folder, trust, folder / "seeded.sqlite")
    async with bureau.opened(settings.model_copy(update={"environment": "demo"}), trust, Clock()) as opened:
        passed = (f"{bureau.PROVIDER}/window", f"{bureau.OFFICE}/window")
        systems = {**trust.systems, _GATEWAY: gateway}
        yield Place(opened.app, bureau.OFFICE, "data_office.requests", systems, _GATEWAY, passed)


@pytest.fixture(scope="module", params=[_department, _office], ids=["a department", "an office"])
def described_node(
    request: pytest.FixtureRequest, runner: asyncio.Runner, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Place]:
    running: Any = request.param(tmp_path_factory.mktemp("node"))
    yield runner.run(running.__aenter__())
    runner.run(running.__aexit__(None, None, None))


def test_a_gateway_does_nothing_but_read_with_a_token_that_it_was_passed(
    described_node: Place, runner: asyncio.Runner
) -> None:
    others = [one for one in described_node.addresses() if one[2] not in _PASSED_ON | _ANYBODYS]
    assert len(others) > 2
    done = {
        f"{method} {path} for {system}": answer
        for method, path, _ in others
        for system in described_node.passed
        if (answer := runner.run(described_node.call(method, path, system))) != (401, "wrong-sender")
    }
    assert done == {}


def test_reads_are_taken_of_a_gateway(described_node: Place, runner: asyncio.Runner) -> None:
    read = [one for one in described_node.addresses() if one[2] in _PASSED_ON]
    assert {one for _, _, one in read} == _PASSED_ON
    for method, path, shape in read:
        status, _ = runner.run(described_node.call(method, path, described_node.passed[0]))
        assert status not in (401, 405), shape


def test_no_token_makes_a_difference_to_what_is_anybodys(
    described_node: Place, runner: asyncio.Runner
) -> None:
    anybodys = [one for one in described_node.addresses() if one[2] in _ANYBODYS]
    assert {one for _, _, one in anybodys} == _ANYBODYS
    for method, path, shape in anybodys:
        own = [
            runner.run(described_node.call(method, path, system)) for system in (None, *described_node.passed)
        ]
        assert len(set(own)) == 1, (shape, own)
