"""deploy/compose.yaml as the tests read it: YAML with its anchors resolved, and its variables filled in."""

import re
from functools import cache
from pathlib import Path
from typing import Any

import yaml

DEPLOY = Path(__file__).resolve().parents[2] / "deploy"
#: `$$` is a dollar for the container's shell; `${NAME}` and `${NAME:?why}` are the operator's.
_VARIABLE = re.compile(r"(?<!\$)\$\{(\w+)(?::\?[^}]*)?\}")
_ANY_DOLLAR = re.compile(r"(?<!\$)\$(?!\$)")

#: What an operator could say, so that settings can be read; each is refused by nobody but the real system.
SAID = {"DIVISION": "330200", "ENVIRONMENT": "city", "AUTHORITY_KEYS": "{}"}


@cache
def text() -> str:
    return (DEPLOY / "compose.yaml").read_text(encoding="utf-8")


@cache
def document() -> dict[str, Any]:
    """The file as compose would see it once `.env` is filled in."""
    loaded: dict[str, Any] = yaml.safe_load(_VARIABLE.sub(_said, text()))
    return loaded


def services() -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = document()["services"]
    return found


def variables() -> set[str]:
    """What the operator must say."""
    return {match.group(1) for match in _VARIABLE.finditer(text())}


def other_dollars() -> list[str]:
    """Lines with a dollar that is neither the operator's variable nor the container's."""
    return [line for line in text().splitlines() if _ANY_DOLLAR.search(_VARIABLE.sub("", line))]


def _said(match: re.Match[str]) -> str:
    return SAID.get(match.group(1), "secret")
