"""The steward's tool `langqiao`: puts the nouns together; one file per noun beside this one, each with its `app`."""

from importlib import import_module
from typing import Any

import typer
from typer.core import TyperGroup

_NOUNS = (
    *("up", "ask", "explain", "tail", "token"),
    *(
        "keys",
        "registry",
        "grants",
        "case",
        "contract",
        "department",
        "outbox",
        "snapshot",
        "replay",
        "reconcile",
        "backup",
        "restore",
        "log",
        "receivers",
        "deadlines",
        "matter",
        "evidence",
        "topics",
        "acls",
        "gateway",
    ),
)


class Nouns(TyperGroup):
    """Loads a noun when it is used: a token needs no database, and a department no table on a screen."""

    def list_commands(self, ctx: Any) -> list[str]:
        return list(_NOUNS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        if cmd_name not in _NOUNS:
            return None
        command = typer.main.get_command(import_module(f"services.cli.{cmd_name}").app)
        command.name = cmd_name
        return command


app = typer.Typer(
    name="langqiao",
    cls=Nouns,
    help="Langqiao, the covered bridge: one question to many departments, one event from each change.",
    epilog="Exit codes: 0 all is right; 1 refused, or something is wrong in what was checked; "
    "2 used or set up wrongly; 3 nobody answers.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)


@app.callback()
def langqiao() -> None:
    """Typer wants a function of a tool whose commands it does not know yet; all is said above."""
