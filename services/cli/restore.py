"""`langqiao restore`: load the engine's own state of a department from a file that `langqiao backup` has written."""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from services.cli.configured import configured
from services.engine.settings import Settings

if TYPE_CHECKING:
    from services.engine.capture.archive import Archive

app = typer.Typer()


@app.command()
def restore(
    file: Annotated[
        Path, typer.Argument(exists=True, dir_okay=False, help="What `langqiao backup` has written.")
    ],
    over: Annotated[
        bool, typer.Option("--over", help="Replace the engine state that the database holds now.")
    ] = False,
    with_keys: Annotated[
        bool, typer.Option("--with-keys", help="Put secret files back that FILE holds and that are missing.")
    ] = False,
) -> None:
    """Load the engine's own state of a department from FILE, and put capture in place.

    The LANGQIAO_… settings say whose. Restore the department's own tables first, and have the relay stopped. A new
    epoch begins: the relay then tells every record as it is, and takes back those that are no more.
    """
    from services.cli.keeping import keep, keeper_of, secret_files
    from services.engine.capture import restoring
    from services.engine.capture.archive import opened
    from services.engine.capture.database import Database

    settings = configured(Settings, secrets=not with_keys)

    async def work(database: Database) -> int:
        with opened(file) as archive:
            if with_keys and archive.manifest.node == settings.node_id:
                _put_back(archive, secret_files(settings))
            keeper, limit = keeper_of(settings), settings.outbox_limit
            return await restoring.restore(
                database, keeper.mappings, archive, keeper.owner, over=over, outbox_limit=limit
            )

    epoch = keep(settings, work, "Nothing is restored")
    typer.echo(f"The state of {settings.node_id} is restored, and epoch {epoch} begins with the relay.")


def _put_back(archive: "Archive", files: dict[str, Path]) -> None:
    """Those that are missing; readable by their owner alone from the first moment."""
    for name, path in files.items():
        if name in archive.manifest.secrets and not path.exists():
            content = archive.secret(name)
            with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
                file.write(content)
            typer.echo(f"{path} is put back.", err=True)
