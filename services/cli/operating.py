"""The operator's settings and what they lead to, with each fault as a sentence; for `langqiao topics` and `acls`."""

from collections.abc import Iterator
from contextlib import contextmanager
from ssl import SSLContext
from typing import Annotated

import typer

from schemas.contracts.document import ContractFault
from services.cli.caller import REFUSED, UNREACHED
from services.cli.configured import configured
from services.directory.known import CannotKnow
from services.directory.settings import Operator
from services.engine.relay.security import BadSecurityFile, secured

DryRun = Annotated[bool, typer.Option("--dry-run", help="Show what would be done, and do nothing.")]


@contextmanager
def operating(*cannot: type[Exception]) -> Iterator[tuple[Operator, SSLContext | None]]:
    """The settings, and who the operator is at the broker. Within the block contracts and documents may turn out wrong
    (exit code 1), and the broker fail by one of `cannot` (3)."""
    settings = configured(Operator)
    try:
        yield (
            settings,
            secured(settings.broker_ca_file, settings.broker_certificate_file, settings.broker_key_file),
        )
    except BadSecurityFile as fault:
        raise _ended(fault, 2) from None
    except (ContractFault, CannotKnow) as fault:
        raise _ended(fault, REFUSED) from None
    except cannot as fault:
        raise _ended(fault, UNREACHED) from None


def _ended(fault: Exception, code: int) -> typer.Exit:
    typer.echo(f"Nothing is done: {fault}", err=True)
    return typer.Exit(code)
