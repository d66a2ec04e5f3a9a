"""`langqiao outbox`: what a department could not publish, and the mass deletes that wait for a person's word."""

import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

from services.cli import show
from services.cli.caller import REFUSED
from services.cli.configured import configured
from services.engine.settings import Settings

if TYPE_CHECKING:
    from services.engine.capture.database import Database
    from services.engine.capture.setaside import Chosen, Parked

app = typer.Typer(
    help="Changes set aside in a department's outbox; the LANGQIAO_… settings say whose.",
    no_args_is_help=True,
)
R = TypeVar("R")

_log = logging.getLogger("langqiao.outbox")

AsLines = Annotated[bool, typer.Option("--json", help="One line of JSON for each, for programs.")]
OfDataset = Annotated[
    str | None, typer.Option("--dataset", help="Only this dataset, such as taxation.arrears.")
]
OfChange = Annotated[
    int | None, typer.Option("--id", min=1, help="Only the record of this change, by its number in the list.")
]


@app.command("parked")
def list_parked(
    dataset: OfDataset = None,
    limit: Annotated[
        int, typer.Option("--limit", min=1, help="Most changes shown, the oldest first.")
    ] = 1_000,
    as_lines: AsLines = False,
) -> None:
    """List the changes that could not be published: record, version, since when, and why."""
    from services.engine.capture import setaside

    found = _run(lambda database: database.read(setaside.parked, setaside.Chosen(dataset), limit + 1))
    _show([asdict(one) for one in found[:limit]], as_lines, "Every change can be published.")
    if len(found) > limit:
        typer.echo(f"There are more than {limit}: see --limit.", err=True)


@app.command()
def retry(dataset: OfDataset = None, number: OfChange = None) -> None:
    """Have the relay try parked changes again: all of them, or those of a dataset or of one record."""
    from services.engine.capture import setaside

    chosen = setaside.Chosen(dataset, number)
    counts = _run(lambda database: setaside.each(database, chosen, setaside.retry))
    _refuse_none(counts, chosen)
    typer.echo(f"{sum(counts)} changes are tried again.")


@app.command()
def drop(
    dataset: OfDataset = None,
    number: OfChange = None,
    yes: Annotated[bool, typer.Option("--yes", help="Give them up: it cannot be taken back.")] = False,
) -> None:
    """Give parked changes up, and have the relay tell what their records are now instead."""
    from services.engine.capture import setaside

    if dataset is None and number is None:
        raise typer.BadParameter("says what is given up", param_hint="--dataset or --id")
    if not yes:
        raise typer.BadParameter(
            "changes that are given up are never told: say that you mean it", param_hint="--yes"
        )
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    chosen = setaside.Chosen(dataset, number)
    counts = [
        _said(some) for some in _run(lambda database: setaside.each(database, chosen, setaside.give_up))
    ]
    _refuse_none(counts, chosen)
    typer.echo(f"{sum(counts)} changes are given up; what their records are now is told instead.")


@app.command("held")
def list_held(as_lines: AsLines = False) -> None:
    """List the datasets of which so many records were deleted that the deletes wait for a person's word."""
    from services.engine.capture import setaside

    found = _run(lambda database: database.read(setaside.held))
    _show([asdict(one) for one in found], as_lines, "No deletes wait for a word.")


@app.command()
def release(
    dataset: Annotated[
        str, typer.Argument(help="The dataset whose deletes may be told, as `held` lists it.")
    ],
) -> None:
    """Let the held deletes of a dataset go: the relay tells them, and holds none of them again."""
    from services.engine.capture import setaside

    freed = _run(lambda database: setaside.let_go(database, dataset))
    if not freed:
        typer.echo(f"No deletes of {dataset} wait for a word: see `langqiao outbox held`.", err=True)
        raise typer.Exit(REFUSED)
    typer.echo(f"{freed} deletes of {dataset} go out.")


def _said(given_up: "Sequence[Parked]") -> int:
    for one in given_up:
        of_record = f"record {one.record or 'without an id'} of {one.dataset}"
        _log.warning("given up: change %d, version %s, %s: %s", one.id, one.version, of_record, one.reason)
    return len(given_up)


def _refuse_none(counts: Sequence[int], chosen: "Chosen") -> None:
    """End with a sentence where nothing was met of what was named."""
    if not sum(counts) and (chosen.id is not None or chosen.dataset is not None):
        named = f"the number {chosen.id}" if chosen.id is not None else f"the dataset {chosen.dataset}"
        typer.echo(f"No parked change has {named}: see `langqiao outbox parked`.", err=True)
        raise typer.Exit(REFUSED)


def _show(rows: Sequence[dict[str, Any]], as_lines: bool, none: str) -> None:
    if as_lines:
        for row in rows:
            typer.echo(show.as_line(row))
    elif rows:
        show.console().print(show.as_table(rows))
    else:
        typer.echo(none)


def _run(work: "Callable[[Database], Awaitable[R]]") -> R:
    """Work on the outbox of the settings' database; ends the command with a sentence when that cannot be."""
    from services.cli.at_database import at_database

    settings = configured(Settings, secrets=False)
    return at_database(settings, work, "There is no outbox, or no right to it")
