"""A department's feeds as its settings describe them, with what is wrong as a sentence; for the nouns that compare or
name its records."""

from typing import TYPE_CHECKING

import typer

from services.departments import load
from services.engine.settings import Settings

if TYPE_CHECKING:
    from services.engine.pseudonym_keys import PseudonymKeys
    from services.engine.relay.feeds import Feed


def feeds_read(settings: Settings, keys: "PseudonymKeys | None" = None) -> "tuple[Feed, ...]":
    """The feeds, named by these pseudonym keys; None: by those of the department's file."""
    from schemas.contracts.document import ContractFault
    from services.engine.node import BadDepartment, read_contracts, read_pseudonym_keys
    from services.engine.relay.feeds import feeds_of

    try:
        offered = read_contracts(load(settings.kind, "app").DEPARTMENT, settings)
        named_by = read_pseudonym_keys(settings.pseudonym_key_file) if keys is None else keys
        return feeds_of(offered.mappings, settings, named_by)
    except (LookupError, ContractFault, BadDepartment) as fault:
        typer.echo(f"The department cannot be read: {fault}", err=True)
        raise typer.Exit(2) from None
