"""Every command, argument and option of the tool says what it is for, and the exit codes are told."""

from collections.abc import Iterator
from typing import Any

import typer

from services.cli.main import app
from tests.services.cli.tool import run


def _commands(command: Any, path: str) -> Iterator[tuple[str, Any]]:
    yield path, command
    for name in command.list_commands(None) if hasattr(command, "list_commands") else ():
        yield from _commands(command.get_command(None, name), f"{path} {name}")


def test_every_command_argument_and_option_has_help() -> None:
    silent = []
    for path, command in _commands(typer.main.get_command(app), "langqiao"):
        silent += [] if command.help else [path]
        silent += [f"{path} {one.name}" for one in command.params if not getattr(one, "help", None)]
    assert silent == []


def test_the_tool_has_the_nouns_that_it_promises() -> None:
    found = {path.removeprefix("langqiao ") for path, _ in _commands(typer.main.get_command(app), "langqiao")}
    promised = "up ask explain tail token|keys new|contract lint|contract diff|gateway serve|gateway settings"
    promised += "|topics apply|topics settings|acls sync"
    departments = "serve relay attach new seed settings"
    assert found >= {*promised.split("|")[0].split(), *promised.split("|")[1:]}
    assert found >= {f"department {verb}" for verb in departments.split()}


def test_the_help_tells_the_exit_codes() -> None:
    said = run("--help").output
    assert all(f"{code} " in said.partition("Exit codes:")[2] for code in range(4))
