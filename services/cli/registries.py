"""The signed registries of some days, as options name them; `evidence` reads by them what was signed then, and `tail`
what nodes sign."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import orjson
import typer

if TYPE_CHECKING:
    from schemas.trust.history import History

Registries = Annotated[
    list[Path],
    typer.Option(
        "--registry",
        help="Signed member registry of that day; later and earlier ones beside it.",
        exists=True,
        dir_okay=False,
    ),
]
Authority = Annotated[
    str, typer.Option("--authority", help="Public keys that may sign registries, JSON: key id -> hex.")
]


def history_of(paths: list[Path], authority: str) -> "History":
    """What the registries in the files say; a wrong use of the options where they cannot be relied on."""
    from schemas.trust.authority import read_registry
    from schemas.trust.handing import text_of
    from schemas.trust.history import History, issue
    from schemas.trust.signed import DocumentRefused

    try:
        trusted = orjson.loads(authority)
    except orjson.JSONDecodeError:
        trusted = None
    if not isinstance(trusted, dict) or not all(isinstance(one, str) for one in trusted.values()):
        raise typer.BadParameter("it must be JSON: key id -> hex", param_hint="--authority")
    try:
        return History([issue(read_registry(text_of(path.read_bytes()), trusted)) for path in paths])
    except DocumentRefused as fault:
        raise typer.BadParameter(str(fault), param_hint="--registry") from None
