"""Every command in the README works as it stands there, against the one running world of this folder."""

import io
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from rich.console import Console

from services.cli.story import change
from services.cli.story.stage import Stage
from services.cli.world.processes import free_ports
from services.cli.world.world import World

_ROOT = Path(__file__).resolve().parents[3]
_README = (_ROOT / "README.md").read_text(encoding="utf-8")
_BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
_GATEWAY, _DEPARTMENT = "http://127.0.0.1:8000", "http://127.0.0.1:8100"

#: What differs here from a reader's terminal: make only says what it would do (this very test is part of it),
#: and an HTTP error is an error.
_PRELUDE = """set -eu
export PATH="$PWD/.venv/bin:$PATH"
make() { command make --dry-run "$@"; }
curl() { command curl --fail-with-body "$@"; }
"""


def _sections() -> Iterator[tuple[str, str]]:
    """Title and script of each section that has commands."""
    for section in re.split(r"^#{1,2} ", _README, flags=re.MULTILINE)[1:]:
        blocks = _BLOCK.findall(section)
        if blocks:
            yield section.splitlines()[0], "\n".join(_script(language, text) for language, text in blocks)


def _script(language: str, text: str) -> str:
    return f"python - <<'PYTHON'\n{text}PYTHON" if language == "python" else text


_SECTIONS = dict(_sections())


@pytest.fixture(scope="module")
def clone(world: World, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A place like a reader's clone in which the demo is up and has told of its change; what is written there harms
    nobody."""
    change.tell(Stage(world, Console(file=io.StringIO())), "宁波市江北区大闸路9号")
    place = tmp_path_factory.mktemp("clone")
    for room in ("schemas", "services", "gateway"):
        shutil.copytree(_ROOT / room, place / room, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("Makefile", "pyproject.toml", "requirements.lock"):
        shutil.copy2(_ROOT / name, place)
    (place / ".venv").symlink_to(sys.prefix)
    (place / ".langqiao").mkdir()
    (place / ".langqiao" / "demo").symlink_to(world.plan.folder)
    return place


def test_the_readme_holds_commands_of_every_kind() -> None:
    assert list(_SECTIONS) == ["Langqiao 廊桥", "Ask", "Subscribe", "Run a department"]
    assert {language for language, _ in _BLOCK.findall(_README)} == {"sh", "python"}


@pytest.mark.parametrize("section", _SECTIONS)
def test_the_commands_of_a_section_work_one_after_the_other(section: str, clone: Path, world: World) -> None:
    script = _SECTIONS[section]
    if "curl" in script and shutil.which("curl") is None:
        pytest.skip("curl is not installed here")
    (port,) = free_ports(1)
    told = script.replace(_GATEWAY, world.plan.gateway_url).replace(_DEPARTMENT, f"http://127.0.0.1:{port}")
    # The copy goes before the installed package, also for the commands that the script starts.
    environment = {**os.environ, "PYTHONPATH": str(clone), "LANGQIAO_PORT": str(port), "COLUMNS": "200"}
    code, said = _run(_PRELUDE + told, clone, environment)
    assert code == 0, said
    assert said.strip()


def _run(script: str, place: Path, environment: dict[str, str]) -> tuple[int, str]:
    """Exit code and output; what the script left running is ended."""
    log = place / "said.log"
    with log.open("w") as out:
        shell = subprocess.Popen(
            ["sh", "-c", script], cwd=place, env=environment, stdout=out, stderr=out, start_new_session=True
        )
        try:
            code = shell.wait(timeout=60)
        except subprocess.TimeoutExpired:
            code = -1
        with suppress(ProcessLookupError):
            os.killpg(shell.pid, signal.SIGTERM)
        shell.wait()
    return code, log.read_text()
