"""`langqiao acls`: the operator's work on who may read and write which topic."""

from datetime import UTC, datetime
from time import sleep
from typing import Annotated

import typer

from schemas.derived.acls import rights
from services.cli.caller import UNREACHED
from services.cli.operating import DryRun, operating
from services.directory.issued import issued
from services.directory.known import members, publishers
from services.directory.published import Published

app = typer.Typer(
    help="Who may read and write which topic; the LANGQIAO_OPERATOR_… settings name departments and members.",
    no_args_is_help=True,
)


@app.callback()
def group() -> None:
    pass


@app.command()
def sync(
    dry_run: DryRun = False,
    every: Annotated[
        float,
        typer.Option("--every", min=0, help="Do it again every so many seconds, until told to end; 0: once."),
    ] = 0,
) -> None:
    """Give the broker the rights that follow from contracts, member registry and grants, and take away all others.

    All others under the environment, that is: rights under other names stay. Let it go on with --every 1, and what the
    office suspends, and whom the registry lists no more, reads no topic within five seconds. A registry is followed on
    its topic where LANGQIAO_OPERATOR_REGISTRY_FOLDER is set. A broker or an office that is away, a topic that cannot be
    read, and a document that is no longer to be relied on, are said each time then, and end nothing.
    """
    published = Published()
    code = _tried(published, dry_run)
    if not every or code not in (0, UNREACHED):
        raise typer.Exit(code)
    while True:
        sleep(every)
        _tried(published, dry_run, quiet=True)


def _tried(published: Published, dry_run: bool, *, quiet: bool = False) -> int:
    """The exit code of one time; why it is none of success has been said."""
    try:
        _sync(published, dry_run, quiet=quiet)
    except typer.Exit as ended:
        return ended.exit_code
    return 0


def _sync(published: Published, dry_run: bool, *, quiet: bool) -> None:
    try:
        from services.directory import acls
    except ImportError:
        typer.echo("This needs the operator's extra: pip install 'langqiao[operator]'", err=True)
        raise typer.Exit(2) from None

    with operating(acls.CannotSync) as (settings, security):
        now = datetime.now(UTC)
        published.take_in(settings, security, _complain)
        registry = members(settings)
        if registry is not None and registry.expires <= now:
            typer.echo("The member registry has expired: nobody is a member.", err=True)
        given = issued(settings, now, _complain)
        wanted = rights(settings.environment, publishers(settings, given), registry, now)
        admin = acls.open_admin(
            settings.bootstrap_servers,
            settings.broker_ca_file,
            settings.broker_certificate_file,
            settings.broker_key_file,
        )
        found = acls.synchronise(admin, wanted, settings.environment, dry_run=dry_run)
    for one in found.removed:
        typer.echo(f"remove  {one}")
    for one in found.added:
        typer.echo(f"add     {one}")
    if not (found.added or found.removed or quiet):
        typer.echo(f"All {len(wanted)} rights are as they must be.")


def _complain(said: str) -> None:
    typer.echo(said, err=True)
