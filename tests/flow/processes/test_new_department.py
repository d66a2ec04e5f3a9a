"""An eighth department is begun by one command, needs no edit anywhere else, and answers at once."""

import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import httpx
import pytest

from schemas.contracts.catalogue import Catalogue
from schemas.contracts.load import load_all
from services.cli.world.processes import free_ports, start, stop_all, wait_until
from tests.services.cli.tool import run

_ROOT = Path(__file__).resolve().parents[3]
_KIND = "transport"


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the product, with a new department in it."""
    place = tmp_path_factory.mktemp("eighth")
    for room in ("schemas", "services", "gateway"):
        shutil.copytree(_ROOT / room, place / room, ignore=shutil.ignore_patterns("__pycache__"))
    (place / "pseudonym.key").write_bytes(bytes(range(32)))
    begun = run("department", "new", _KIND, "--provider", "宁波市交通运输局", "--into", str(place))
    assert begun.exit_code == 0, begun.stderr
    _seed(place)
    return place


@pytest.fixture(scope="module")
def address(clone: Path) -> Iterator[str]:
    """The new department's service, running."""
    (port,) = free_ports(1)
    command = [sys.executable, "-m", "services.cli", "department", "serve", _KIND]
    service = start(_KIND, command, clone, {**_environment(clone), "LANGQIAO_PORT": str(port)}, clone)
    url = f"http://127.0.0.1:{port}"
    try:
        wait_until(lambda: _ready(url), service, 20)
        yield url
    finally:
        stop_all([service])


def test_the_new_department_answers_a_question_from_its_own_table(clone: Path, address: str) -> None:
    asked = {"select": "permit_no,issued_on,status", "order": "permit_no", "limit": "5"}
    rows = httpx.get(f"{address}/records/{_KIND}/permits", params=asked, trust_env=False).json()
    with closing(sqlite3.connect(clone / "records.sqlite")) as table:
        stored = table.execute("SELECT permit_no FROM transport_permit ORDER BY 1 LIMIT 5").fetchall()
    assert [(row["permit_no"],) for row in rows] == stored
    assert len(rows) == 5


def test_its_contract_is_in_the_catalogue_and_links_to_enterprises(address: str) -> None:
    contract = httpx.get(f"{address}/catalogue", trust_env=False).json()["contracts"][0]
    assert contract["schema"][0]["relationships"][0]["to"] == "market_regulation.enterprises.credit_code"


def test_its_contract_keeps_the_rules_beside_the_others(clone: Path) -> None:
    Catalogue(load_all(clone / "schemas"))


def _seed(place: Path) -> None:
    command = [sys.executable, "-m", "services.cli", "department", "seed", _KIND, "--size", "0.01"]
    done = subprocess.run(
        command,
        cwd=place,
        env={**os.environ, **_environment(place)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def _environment(place: Path) -> dict[str, str]:
    return {
        "PYTHONPATH": str(place),
        "LANGQIAO_KIND": _KIND,
        "LANGQIAO_DIVISION": "330200",
        "LANGQIAO_DATABASE_URL": f"sqlite:///{place / 'records.sqlite'}",
        "LANGQIAO_PSEUDONYM_KEY_FILE": str(place / "pseudonym.key"),
    }


def _ready(url: str) -> bool:
    try:
        return httpx.get(f"{url}/health", trust_env=False).status_code == httpx.codes.OK
    except httpx.TransportError:
        return False
