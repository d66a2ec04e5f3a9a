"""`langqiao receivers`: the systems that received an item, whom a correction has to reach."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer()


@app.command()
def receivers(
    folder: Annotated[
        Path, typer.Argument(help="The log's folder, or a copy of it.", exists=True, file_okay=False)
    ],
    dataset: Annotated[str, typer.Option("--dataset", help="Such as taxation.arrears.")],
    item: Annotated[str, typer.Option("--item", help="The item that was wrong.")],
    since: Annotated[
        datetime, typer.Option("--since", help="When it became wrong, in UTC, such as 2026-01-31T08:00:00.")
    ],
    subject: Annotated[
        str | None, typer.Option("--subject", help="About whom, as the log writes it: a pseudonym.")
    ] = None,
) -> None:
    """Name the systems that received an item, by a node's access log, one a line.

    The data office reads the log for itself, and tells each of them of a correction: this shows whom it will find.
    """
    from services.engine.log.receivers import receivers as found

    for system in found(folder, dataset, item, since.replace(tzinfo=UTC), subject):
        typer.echo(system)
