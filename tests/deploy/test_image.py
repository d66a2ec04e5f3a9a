"""deploy/Dockerfile builds from what the repository holds, pinned, and runs as nobody of importance."""

import re
import tomllib
from pathlib import Path

from tests.deploy import composed

_ROOT = composed.DEPLOY.parent
_LINES = (composed.DEPLOY / "Dockerfile").read_text(encoding="utf-8").replace("\\\n", " ").splitlines()


def _told(instruction: str) -> list[str]:
    return [line.removeprefix(instruction).strip() for line in _LINES if line.startswith(f"{instruction} ")]


def test_what_is_copied_exists_and_is_not_kept_from_the_build() -> None:
    copied = [word for line in _told("COPY") if "--from" not in line for word in line.split()[:-1]]
    ignored = (composed.DEPLOY / "Dockerfile.dockerignore").read_text().split()
    assert copied
    assert [name for name in copied if not (_ROOT / name).exists() or name in ignored] == []


def test_the_image_installs_the_pinned_packages_and_every_package_of_the_project() -> None:
    project = tomllib.loads((_ROOT / "pyproject.toml").read_text())
    rooms = {pattern.rstrip("*") for pattern in project["tool"]["setuptools"]["packages"]["find"]["include"]}
    assert rooms <= {line.split()[0] for line in _told("COPY")}
    installs = [part for line in _told("RUN") for part in line.split("&&") if "pip install" in part]
    assert installs
    assert all("--constraint requirements.lock" in one for one in installs)
    pins = (_ROOT / "requirements.lock").read_text().splitlines()
    assert [pin for pin in pins if not re.fullmatch(r"[\w.\-]+==[\w.+]+(; [\w' =]+)?", pin)] == []


def test_the_base_image_is_pinned_and_the_process_has_no_rights() -> None:
    assert {
        re.fullmatch(r"python:\d+\.\d+\.\d+-slim-\w+( AS build)?", one) is not None for one in _told("FROM")
    } == {True}
    assert _told("USER") == ["langqiao"]
    assert _told("ENTRYPOINT") == ['["langqiao"]']


def test_the_image_has_the_version_that_compose_runs() -> None:
    version = tomllib.loads((_ROOT / "pyproject.toml").read_text())["project"]["version"]
    ours = {one["image"] for one in composed.services().values() if one["image"].startswith("langqiao:")}
    assert ours == {f"langqiao:{version}"}
    assert f"--tag langqiao:{version} " in Path(composed.DEPLOY / "Dockerfile").read_text()
