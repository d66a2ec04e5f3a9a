"""`langqiao department new`: writes what is missing, and refuses where something would be harmed."""

from pathlib import Path

import pytest

from tests.services.cli.tool import run


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "services" / "departments").mkdir(parents=True)
    (tmp_path / "schemas").mkdir()
    return tmp_path


def _written(project: Path) -> set[str]:
    return {path.relative_to(project).as_posix() for path in project.rglob("*") if path.is_file()}


def test_it_writes_the_folder_and_the_contract_and_says_so(project: Path) -> None:
    ended = run("department", "new", "water_supply", "--provider", "宁波市水务局", "--into", str(project))
    assert ended.exit_code == 0
    folder = "services/departments/water_supply"
    files = {f"{folder}/{name}.py" for name in ("__init__", "app", "mapping", "seed")}
    assert _written(project) == files | {"schemas/water_supply/permits.v1.odcs.yaml"}
    assert {Path(line).relative_to(project).as_posix() for line in ended.stdout.split()} == _written(project)


def test_what_it_writes_is_a_contract_without_fault(project: Path) -> None:
    run("department", "new", "water_supply", "--provider", "宁波市水务局", "--into", str(project))
    contract = project / "schemas" / "water_supply" / "permits.v1.odcs.yaml"
    assert run("contract", "lint", str(contract)).exit_code == 0
    assert "宁波市水务局" in contract.read_text(encoding="utf-8")


@pytest.mark.parametrize("name", ["Transport", "2nd", "class", "a-b", "../escape", "a" * 60])
def test_it_takes_no_name_that_could_not_be_a_folder_a_module_and_a_topic(name: str, project: Path) -> None:
    assert run("department", "new", name, "--into", str(project)).exit_code == 2
    assert _written(project) == set()


def test_it_overwrites_nothing(project: Path) -> None:
    (project / "schemas" / "transport").mkdir()
    assert run("department", "new", "transport", "--into", str(project)).exit_code == 2
    assert _written(project) == set()


def test_a_kind_that_is_installed_is_not_begun_again() -> None:
    assert run("department", "new", "taxation").exit_code == 2


def test_it_writes_nowhere_but_in_a_project(tmp_path: Path) -> None:
    assert run("department", "new", "transport", "--into", str(tmp_path)).exit_code == 2
