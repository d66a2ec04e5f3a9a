"""Whose state is kept, as the LANGQIAO_… settings say, with each fault as a sentence; for `langqiao backup` and
`langqiao restore`."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import typer

from schemas.contracts.document import ContractFault
from services.cli.at_database import working
from services.cli.caller import REFUSED, UNREACHED
from services.departments import load
from services.engine.capture.archive import BadArchive
from services.engine.capture.attach import CannotAttach
from services.engine.capture.database import Database, DatabaseAway, DatabaseRefuses
from services.engine.capture.keeping import CannotKeep, Owner
from services.engine.mapping.model import Mapping
from services.engine.node import BadDepartment, read_contracts, read_pseudonym_keys
from services.engine.settings import Settings

R = TypeVar("R")

#: Settings that end so name a file of secret bytes.
_SECRET = "_key_file"
_FAULTS = (
    BadArchive,
    BadDepartment,
    CannotAttach,
    CannotKeep,
    ContractFault,
    DatabaseRefuses,
    LookupError,
    OSError,
)


@dataclass(frozen=True, slots=True)
class Keeper:
    """A department whose state is kept or restored."""

    owner: Owner
    mappings: tuple[Mapping, ...]


def keeper_of(settings: Settings) -> Keeper:
    """The department that settings describe."""
    offered = read_contracts(load(settings.kind, "app").DEPARTMENT, settings)
    versions = {f"{one.dataset}.v{one.major}": one.version for one in offered.contracts}
    keys = read_pseudonym_keys(settings.pseudonym_key_file)
    others = frozenset(one.fingerprint for one in keys.keys)
    return Keeper(Owner(settings.node_id, keys.oldest.fingerprint, versions, others), offered.mappings)


def secret_files(settings: Settings) -> dict[str, Path]:
    """The secret files that settings name, by setting."""
    return {name: path for name, path in settings if name.endswith(_SECRET) and path is not None}


def keep(settings: Settings, work: Callable[[Database], Awaitable[R]], nothing: str) -> R:
    """Do the work on the department's database; else end the command with the sentence `nothing` and why."""
    try:
        return asyncio.run(working(settings, work))
    except _FAULTS as fault:
        typer.echo(f"{nothing}: {_said(fault)}", err=True)
        raise typer.Exit(REFUSED) from None
    except DatabaseAway as fault:
        typer.echo(f"{nothing}: the department's database does not answer ({fault})", err=True)
        raise typer.Exit(UNREACHED) from None


def _said(fault: Exception) -> str:
    if isinstance(fault, DatabaseRefuses):
        return f"the database refuses ({fault}): is capture in place, and is it ours to read?"
    if isinstance(fault, OSError):
        return f"{Path(fault.filename or '').name}: {fault.strerror}"
    return str(fault)
