"""`langqiao deadlines` and `langqiao matter`, as an officer runs them against an office behind a port."""

import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
import uvicorn
from fastapi import FastAPI
from typer.testing import Result

from schemas.trust import keys
from services.cli.world.processes import free_ports
from services.departments.data_office.app import DEPARTMENT
from services.engine.api.app import create_app
from services.engine.settings import Settings
from tests.clock import Clock
from tests.services.cli.tool import run
from tests.services.departments.data_office.conftest import (
    ASKED,
    CASE,
    OFFICE,
    OTHER,
    PROVIDER,
    REQUESTER,
    Bureau,
    Trust,
    known_calendars,
    make_settings,
)
from tests.waiting import until_sync


@dataclass(frozen=True)
class Served:
    """Where the office answers, its app, and the request that waits there."""

    url: str
    app: FastAPI
    request: str


@pytest.fixture(scope="module")
def served(trust: Trust, seeded: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """An office at which one request waits for its provider."""
    folder = tmp_path_factory.mktemp("served")
    known = {"calendars_folder": known_calendars(folder)}
    settings: Settings = make_settings(folder, trust, seeded).model_copy(update=known)
    [port] = free_ports(1)
    app = create_app(DEPARTMENT, settings, clock=Clock())
    server = uvicorn.Server(uvicorn.Config(app, port=port, log_config=None, access_log=False, ws="none"))
    thread = threading.Thread(target=server.run)
    thread.start()
    until_sync(lambda: server.started)
    url = f"http://127.0.0.1:{port}"
    client = Bureau(app, trust).client(REQUESTER)
    asking = httpx.Client(base_url=url, headers=client.headers, auth=client.auth)
    with asking:
        request = asking.post("/office/requests", json=ASKED).json()["request_id"]
    yield Served(url, app, request)
    server.should_exit = True
    thread.join()


@pytest.fixture
def office(served: Served) -> str:
    return served.url


def _deadlines(office: str, trust: Trust, folder: Path, member: str, *arguments: str) -> Result:
    return _run("deadlines", office, trust, folder, member, *arguments)


def _run(noun: str, office: str, trust: Trust, folder: Path, member: str, *arguments: str) -> Result:
    system = f"{member}/window"
    (folder / "key.pem").write_bytes(keys.write_private(trust.systems[system]))
    profile = folder / "profile.json"
    said = {"gateway": "http://127.0.0.1:1", "member": member, "system": system, "officer": "officer-1"}
    profile.write_text(json.dumps({**said, "purpose": CASE, "key_file": "key.pem"}))
    wide: dict[str, str | None] = {"COLUMNS": "200"}
    return run(noun, "--office", office, "--profile", str(profile), *arguments, environment=wide)


def test_an_officer_sees_what_has_to_be_done_by_whom_and_by_which_article(
    office: str, trust: Trust, tmp_path: Path
) -> None:
    told = _deadlines(office, trust, tmp_path, OFFICE, "--within", "30", "--json")
    assert told.exit_code == 0, told.output
    [one] = json.loads(told.output)["deadlines"]
    assert (one["clock"], one["article"], one["members"]) == (
        "answer a request for conditional data",
        21,
        [PROVIDER],
    )
    shown = _deadlines(office, trust, tmp_path, PROVIDER, "--within", "30")
    assert (shown.exit_code, one["id"] in shown.output) == (0, True)


def test_who_has_nothing_to_do_is_told_nothing(office: str, trust: Trust, tmp_path: Path) -> None:
    told = _deadlines(office, trust, tmp_path, OTHER, "--within", "30")
    assert (told.exit_code, told.output) == (0, "")


def test_it_ends_with_1_where_anything_is_overdue(served: Served, trust: Trust, tmp_path: Path) -> None:
    clocks = served.app.state.office.clocks
    clocks.ahead = timedelta(days=60)
    told = _deadlines(served.url, trust, tmp_path, PROVIDER, "--within", "0")
    clocks.ahead = timedelta()
    assert (told.exit_code, "overdue" in told.output) == (1, True)


def test_where_no_office_answers_it_says_so(trust: Trust, tmp_path: Path) -> None:
    [port] = free_ports(1)
    told = _deadlines(f"http://127.0.0.1:{port}", trust, tmp_path, OFFICE)
    assert told.exit_code == 3
    assert f"http://127.0.0.1:{port}" in told.output


def test_a_party_sees_a_matter_with_what_each_step_says(served: Served, trust: Trust, tmp_path: Path) -> None:
    for number in (served.request, f"{PROVIDER}.legal_representatives:1.0.0"):
        told = _run("matter", served.url, trust, tmp_path, PROVIDER, number, "--json")
        assert told.exit_code == 0, told.output
        steps = json.loads(told.output)["steps"]
        shown = _run("matter", served.url, trust, tmp_path, PROVIDER, number)
        assert (shown.exit_code, number in shown.output) == (0, True)
        assert all(one["kind"] in shown.output and one["officer"] in shown.output for one in steps)


def test_whoever_is_no_party_is_told_that_there_is_nothing(
    served: Served, trust: Trust, tmp_path: Path
) -> None:
    told = [
        _run("matter", served.url, trust, tmp_path, OTHER, number)
        for number in (served.request, "R-2026-999999", "no number?")
    ]
    assert {one.exit_code for one in told} == {1}
    assert len({one.output for one in told}) == 1
    assert "unknown-record" in told[0].output
