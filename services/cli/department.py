"""`langqiao department`: run a department's processes, prepare its database, and begin a new department."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from services.cli.configured import configured
from services.cli.skeleton import CannotBegin, begin
from services.departments import load
from services.engine.env_example import env_example
from services.engine.settings import Settings

if TYPE_CHECKING:
    from services.engine.node import Department

app = typer.Typer(help="A department's processes; the LANGQIAO_… settings describe it.", no_args_is_help=True)

Kind = Annotated[str, typer.Argument(metavar="KIND", help="The kind of department, as its folder is named.")]


@app.command()
def serve(kind: Kind) -> None:
    """Answer questions about the department's records over HTTP, until told to end."""
    from services.engine.api.serve import serve as run

    department = _department(kind)
    raise typer.Exit(run(department, configured(Settings)))


@app.command()
def relay(kind: Kind) -> None:
    """Publish the department's changes to its topics, until told to end."""
    from services.engine.relay.main import run

    department = _department(kind)
    raise typer.Exit(run(department, configured(Settings)))


@app.command()
def attach(kind: Kind) -> None:
    """Put capture in place: the engine's tables and triggers. For a database administrator; may be run again."""
    from services.cli.capturing import put_in_place

    _capture(put_in_place, kind)


@app.command()
def detach(kind: Kind) -> None:
    """Take the triggers away again; the engine's tables stay, with what was not yet sent."""
    from services.cli.capturing import take_away

    _capture(take_away, kind)


@app.command()
def seed(
    kind: Kind,
    size: Annotated[
        float, typer.Option("--size", min=0.001, help="Scale of 2,000 enterprises, 5,000 residents.")
    ] = 1.0,
    tables_only: Annotated[
        bool,
        typer.Option(
            "--tables-only",
            help="Fill nothing: how a real data office begins. Tables that are there gain the columns that they lack,"
            " and keep all that they have.",
        ),
    ] = False,
) -> None:
    """Make the department's tables in an empty database and fill them with synthetic records."""
    from services.cli.world.seeding import SEED_FAULTS, complete
    from services.cli.world.seeding import seed as fill
    from services.engine.synthetic.population import Size

    _department(kind)
    url = configured(Settings, secrets=False).database_url.get_secret_value()
    try:
        if tables_only:
            added = [f"added   {one}" for one in complete(kind, url)]
            typer.echo("\n".join(added) or "All tables have the columns that they must have.")
        else:
            typer.echo(f"{fill(kind, url, Size().scaled(size))} rows")
    except SEED_FAULTS as fault:
        what = "is as it was" if tables_only else "took no synthetic records"
        typer.echo(f"The database {what}: {fault}", err=True)
        raise typer.Exit(1) from None


@app.command()
def settings() -> None:
    """Print every setting of a department's processes with its meaning, as an env file to fill in."""
    typer.echo(env_example(Settings))


@app.command()
def new(
    name: Annotated[str, typer.Argument(metavar="NAME", help="The new kind, such as transport.")],
    provider: Annotated[
        str, typer.Option("--provider", help="The department's official name; none: the kind's.")
    ] = "",
    into: Annotated[
        Path | None,
        typer.Option("--into", help="Folder that holds `schemas` and `services`; none: this installation's."),
    ] = None,
) -> None:
    """Write the skeleton of a department: a contract, a mapping, an app and a seeder, which work at once."""
    try:
        written = begin(name, provider or name, into)
    except CannotBegin as fault:
        raise typer.BadParameter(str(fault)) from None
    typer.echo("\n".join(map(str, written)))


def _capture(work: Callable[["Department", Settings], None], kind: str) -> None:
    from services.cli.capturing import CAPTURE_FAULTS

    try:
        work(_department(kind), configured(Settings, secrets=False))
    except CAPTURE_FAULTS as fault:
        typer.echo(f"Capture is as it was: {fault}", err=True)
        raise typer.Exit(1) from None


def _department(kind: str) -> "Department":
    """The department of that folder. It is loaded late, here and above: the tool's other nouns need no database."""
    try:
        found: Department = load(kind, "app").DEPARTMENT
    except LookupError as fault:
        raise typer.BadParameter(str(fault), param_hint="KIND") from None
    return found
