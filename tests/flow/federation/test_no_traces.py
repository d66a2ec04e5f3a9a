"""Invariants 8 and 10: no record in what the gateway writes, and no value in a log, problem or address."""

import asyncio
import logging
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import httpx
import orjson
import pytest

from services.cli.world.processes import Child, free_ports, start, stop_all, wait_until
from tests.flow.federation import canaries, county
from tests.flow.federation.canaries import CALLS, Said, found_in
from tests.flow.federation.running import GATEWAY_KEY, County
from tests.flow.federation.serving import Served, served

#: The test's own HTTP client tells what it asks.
_NOT_OURS = ("httpx", "httpcore", "asyncio", "urllib3")
_READY_SECONDS = 30.0


@pytest.fixture
def filled(runner: asyncio.Runner, county: County) -> County:
    runner.run(county.load(canaries.contents()))
    county.nodes.calls.clear()
    return county


def _said(caplog: pytest.LogCaptureFixture) -> bytes:
    """Everything that gateway and departments logged, tracebacks included."""
    formatter = logging.Formatter("%(name)s %(message)s")
    ours = [one for one in caplog.records if not one.name.startswith(_NOT_OURS)]
    assert ours, "nothing was logged, so nothing is shown by this test"
    return "\n".join(map(formatter.format, ours)).encode()


async def _ask(client: httpx.AsyncClient, call: Said) -> httpx.Response:
    answer = await client.request(call.method, call.path, **call.arguments())
    assert answer.status_code == call.status, answer.text
    if answer.is_error:
        assert found_in(answer.content) == []
    return answer


def test_values_stand_in_answers_alone(
    runner: asyncio.Runner, filled: County, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    answers = [runner.run(_ask(filled.client, call)) for call in CALLS]
    assert found_in(answers[0].content), "the values can be had, and are looked for in the right spelling"
    assert found_in(_said(caplog)) == []
    _addresses_hold_nothing(filled)


def test_a_department_that_fails_says_no_value(
    runner: asyncio.Runner, filled: County, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    table = county.DATASETS["roll_office.persons"].table
    runner.run(_rename(filled, "roll_office", table, "elsewhere"))
    try:
        for call in CALLS[:5]:
            answer = runner.run(filled.client.request(call.method, call.path, **call.arguments()))
            assert answer.status_code in (200, 500, 502, 503)
            assert answer.is_success or found_in(answer.content) == []
    finally:
        runner.run(_rename(filled, "roll_office", "elsewhere", table))
    assert found_in(_said(caplog)) == []
    _addresses_hold_nothing(filled)


def test_a_department_that_is_away_leaves_no_value_behind(
    runner: asyncio.Runner, filled: County, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    filled.nodes.down = {place.url for place in county.places_of("roll_office")}
    try:
        for call in CALLS[:5]:
            answer = runner.run(filled.client.request(call.method, call.path, **call.arguments()))
            assert answer.is_success or found_in(answer.content) == []
    finally:
        filled.nodes.down = set()
    assert found_in(_said(caplog)) == []


def _addresses_hold_nothing(asked: County) -> None:
    assert asked.nodes.calls
    for call in asked.nodes.calls:
        assert found_in(call.url.encode()) == []
        assert found_in(orjson.dumps(dict(call.headers))) == []
        assert call.method == "POST" or call.url.endswith(("/catalogue", "/health"))


async def _rename(asked: County, kind: str, before: str, after: str) -> None:
    for place in county.places_of(kind):
        await asked.tables[place].run(f"ALTER TABLE {before} RENAME TO {after}")


def test_the_gateway_process_writes_no_value_anywhere(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    with (
        served(tmp_path, canaries.contents()) as behind,
        _gateway(home, behind, tmp_path) as (url, child),
    ):
        said = dict(behind.headers)
        with httpx.Client(base_url=url, headers=said, auth=behind.auth, trust_env=False) as client:
            answers = [client.request(call.method, call.path, **call.arguments()) for call in CALLS]
        assert [answer.status_code for answer in answers] == [call.status for call in CALLS]
        assert found_in(answers[0].content)
        open_files = _written_by(child)
    written = [path for path in home.rglob("*") if path.is_file()]
    assert child.log in written
    assert child.log.read_bytes(), "the gateway logged nothing, so nothing is shown by this test"
    for path in {*written, *open_files}:
        assert found_in(path.read_bytes()) == [], path


@contextmanager
def _gateway(home: Path, behind: Served, trust: Path) -> Iterator[tuple[str, Child]]:
    """A gateway process that has nowhere to write but its home; key and registry are those of another folder."""
    port = free_ports(1)[0]
    environment = {
        "LANGQIAO_GATEWAY_NODES": orjson.dumps(behind.nodes).decode(),
        "LANGQIAO_GATEWAY_DIVISION": county.DIVISION,
        "LANGQIAO_GATEWAY_PORT": str(port),
        "LANGQIAO_GATEWAY_KEY_FILE": str(trust / GATEWAY_KEY),
        "LANGQIAO_GATEWAY_AUTHORITY_KEYS": orjson.dumps(dict(behind.trusted)).decode(),
        "LANGQIAO_GATEWAY_REGISTRY_FILE": str(trust / "registry.jws"),
        "LANGQIAO_GATEWAY_CATALOGUE_FILE": str(home / "catalogue.json"),
        **{name: str(home) for name in ("HOME", "TMPDIR", "XDG_CACHE_HOME", "XDG_RUNTIME_DIR")},
    }
    command = [sys.executable, "-m", "services.cli", "gateway", "serve"]
    child = start("gateway", command, home, environment)
    try:
        url = f"http://127.0.0.1:{port}"
        wait_until(lambda: _ready(url), child, _READY_SECONDS)
        yield url, child
    finally:
        stop_all([child])


def _ready(url: str) -> bool:
    try:
        return httpx.get(f"{url}/health", trust_env=False).status_code == httpx.codes.OK
    except httpx.TransportError:
        return False


def _written_by(child: Child) -> list[Path]:
    """The plain files that the process holds open for writing."""
    found = []
    for one in Path(f"/proc/{child.process.pid}/fd").iterdir():
        # A connection may close between the listing and the look.
        with suppress(FileNotFoundError):
            target = Path(os.readlink(one))
            flags = int(Path(f"/proc/{child.process.pid}/fdinfo/{one.name}").read_text().split()[3], 8)
            if target.is_file() and flags & (os.O_WRONLY | os.O_RDWR):
                found.append(target)
    return found
