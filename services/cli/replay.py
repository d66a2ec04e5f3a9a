"""`langqiao replay`: have one record of a department told again as it stands, or all of a dataset."""

from functools import partial
from typing import TYPE_CHECKING, Annotated

import typer

from services.cli.caller import REFUSED
from services.cli.configured import configured
from services.cli.wishing import datasets_of, put_down
from services.engine.settings import Settings

if TYPE_CHECKING:
    from services.engine.capture.database import Database

app = typer.Typer()


@app.command()
def replay(
    dataset: Annotated[str, typer.Argument(help="Such as taxation.arrears.")],
    record: Annotated[
        str | None, typer.Option("--record", help="Only the record with this record id, as events name it.")
    ] = None,
) -> None:
    """Have the relay tell a record again as it stands now, under a new version; without --record, the whole dataset.

    The LANGQIAO_… settings say whose. For subscribers that have lost something.
    """
    settings = configured(Settings, secrets=False)
    datasets_of(settings, dataset)
    if not put_down(settings, partial(_want, dataset=dataset, record_id=record)):
        typer.echo(f"{dataset} has no record with this id: see the subject of its events.", err=True)
        raise typer.Exit(REFUSED)
    what = "every record" if record is None else "the record"
    typer.echo(f"{dataset}: {what} is told again; the relay takes it.")


async def _want(database: "Database", dataset: str, record_id: str | None) -> bool:
    """Whether there is such a record."""
    from services.engine.capture import dirty, snapshot

    if record_id is not None:
        return await database.write(dirty.mark_named, dataset, record_id)
    await database.write(snapshot.want, dataset, "a person wanted it")
    return True
