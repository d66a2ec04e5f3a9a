"""`langqiao up`: a whole world on this machine, the story, and then a bridge to ask until Ctrl-C."""

from pathlib import Path
from typing import Annotated

import typer

from services.cli.demo import Wanted, run
from services.cli.world.databases import Database

app = typer.Typer()


@app.command()
def up(
    once: Annotated[
        bool, typer.Option("--once", help="Tell the story, then end: 0 when every answer was right.")
    ] = False,
    size: Annotated[
        float, typer.Option("--size", min=0.001, help="Scale of 2,000 enterprises, 5,000 residents.")
    ] = 1.0,
    db: Annotated[Database, typer.Option("--db", help="The departments' database.")] = Database.SQLITE,
    port: Annotated[
        int, typer.Option("--port", help="The gateway's port; another one when it is taken.")
    ] = 8000,
    folder: Annotated[
        Path, typer.Option("--folder", help="Where everything is kept; an earlier demo there is removed.")
    ] = Path(".langqiao/demo"),
) -> None:
    """Start broker, departments, relays and gateway; tell the story with real calls; stay up."""
    raise typer.Exit(run(Wanted(folder, size, db, port, once)))
