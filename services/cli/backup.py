"""`langqiao backup`: write the engine's own state of a department to a file."""

from pathlib import Path
from typing import Annotated

import typer

from services.cli.configured import configured
from services.engine.settings import Settings

app = typer.Typer()


@app.command()
def backup(
    file: Annotated[Path, typer.Argument(dir_okay=False, help="Where to; replaced when it is there.")],
    with_keys: Annotated[
        bool, typer.Option("--with-keys", help="Include the secret files. Then whoever has FILE has them.")
    ] = False,
) -> None:
    """Write the engine's own state of a department to FILE: versions, record ids, what waits, what was told.

    The LANGQIAO_… settings say whose. Department, service and relay go on meanwhile. The department's own tables are
    not in it: back them up with the database's own means.
    """
    from services.cli.keeping import keep, keeper_of, secret_files
    from services.engine.capture import keeping
    from services.engine.capture.archive import Manifest
    from services.engine.capture.database import Database

    settings = configured(Settings)

    async def work(database: Database) -> Manifest:
        files = secret_files(settings) if with_keys else {}
        secrets = {name: path.read_bytes() for name, path in files.items()}
        return await keeping.backup(database, keeper_of(settings).owner, secrets, file)

    made = keep(settings, work, "No backup is made")
    records, waiting = made.parts["record"].rows, made.parts["outbox"].rows
    typer.echo(f"{file}: {made.node}, epoch {made.epoch}, {records} records, {waiting} changes that wait.")
    if with_keys:
        typer.echo(f"{file} is secret: it holds {len(made.secrets)} keys.", err=True)
    else:
        typer.echo(
            "It holds keys of records and changes that wait, and no secret file: keep those elsewhere.",
            err=True,
        )
