"""The files of the project, as the house rules see them; read by every test in this folder."""

import ast
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PRODUCT = ("schemas", "services", "gateway")


@cache
def files() -> tuple[Path, ...]:
    """Every file that belongs to the project: what git tracks or would track."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, check=True).stdout.decode().split("\0")
    return tuple(path for name in sorted(set(listed)) if name and (path := ROOT / name).is_file())


def modules(*rooms: str) -> tuple[Path, ...]:
    """The Python files of some rooms (none named: product and tests)."""
    wanted = rooms or (*PRODUCT, "tests")
    return tuple(path for path in files() if path.suffix == ".py" and inside(path, wanted))


def inside(path: Path, rooms: tuple[str, ...]) -> bool:
    return any(path.is_relative_to(ROOT / room) for room in rooms)


def name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


@cache
def syntax(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), filename=name(path))


def functions(path: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    """Every function and method of a module, nested ones too."""
    return (
        node for node in ast.walk(syntax(path)) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    )


def calls(path: Path) -> Iterator[tuple[int, str]]:
    """Line and dotted name of every call in a module."""
    for node in ast.walk(syntax(path)):
        if isinstance(node, ast.Call):
            yield node.lineno, ast.unparse(node.func)
