"""Rule: the engine, the client and the gateway know no department by name."""

import re

from tests.house import tree

_STRANGERS = ("services/engine", "services/client", "gateway")


def _kinds() -> list[str]:
    folders = (tree.ROOT / "services" / "departments").iterdir()
    return sorted(path.name for path in folders if (path / "__init__.py").exists())


def _words(kind: str) -> str:
    """The kind as it is written in code; one that is a plain English word (`credit`) only in front of a dataset."""
    return rf"\b{kind}\b" if "_" in kind else rf"""["']{kind}["'.]"""


def test_there_are_kinds_to_look_for() -> None:
    assert len(_kinds()) >= 7


def test_no_kind_is_named_outside_its_own_folder() -> None:
    pattern = re.compile("|".join(map(_words, _kinds())))
    found = [
        f"{tree.name(path)}:{number} {match.group()}"
        for path in tree.modules(*_STRANGERS)
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if (match := pattern.search(line))
    ]
    assert found == []
