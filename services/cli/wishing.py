"""What a person wants of a department's relay, put down in the department's database; used by `snapshot`, `replay`."""

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, TypeVar

import typer

from schemas.contracts.document import ContractFault
from schemas.contracts.load import load_kind
from services.cli.caller import REFUSED
from services.engine.settings import Settings

if TYPE_CHECKING:
    from services.engine.capture.database import Database

R = TypeVar("R")


def datasets_of(settings: Settings, named: str | None) -> list[str]:
    """The department's datasets, or the one named; ends the command where it has no such one."""
    try:
        found = sorted({one.dataset for one in load_kind(settings.kind, settings.contracts_dir)})
    except ContractFault as fault:
        typer.echo(str(fault), err=True)
        raise typer.Exit(REFUSED) from None
    if named is not None and named not in found:
        raise typer.BadParameter(f"{settings.kind} has no dataset {named}", param_hint="DATASET")
    return found if named is None else [named]


def put_down(settings: Settings, work: "Callable[[Database], Awaitable[R]]") -> R:
    """Work on the engine's own tables; ends the command with a sentence when that cannot be."""
    from services.cli.at_database import at_database

    return at_database(settings, work, "Capture is not in place, or not ours")
