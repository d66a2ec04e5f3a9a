"""`langqiao snapshot`: have a department's datasets read and told from their first record on."""

import asyncio
from functools import partial
from typing import TYPE_CHECKING, Annotated

import typer

from services.cli.configured import configured
from services.cli.wishing import datasets_of, put_down
from services.engine.settings import Settings

if TYPE_CHECKING:
    from services.engine.capture.database import Database
    from services.engine.capture.status import RelayWord

app = typer.Typer()

_LOOK_SECONDS = 0.2


@app.command()
def snapshot(
    dataset: Annotated[
        str | None, typer.Argument(help="Such as taxation.arrears; none: every dataset of the department.")
    ] = None,
    only_news: Annotated[
        bool, typer.Option("--only-news", help="Tell only the records that some audience does not know so.")
    ] = False,
    wait: Annotated[
        bool, typer.Option("--wait", help="Show how far it comes, and return when it has ended.")
    ] = False,
    take_over: Annotated[
        bool,
        typer.Option(
            "--take-over",
            help="Let this database write topics that another one wrote, which it replaces for good.",
        ),
    ] = False,
) -> None:
    """Have the relay read every record of a dataset, and tell it on every topic, whether it has changed or not.

    The LANGQIAO_… settings say whose. Writers go on, and so do their changes; a relay that stands still or is killed
    goes on where it was. Its control records say what was read.
    """
    settings = configured(Settings, secrets=False)
    datasets = datasets_of(settings, dataset)
    put_down(settings, partial(_want, datasets=datasets, forced=not only_news, take_over=take_over))
    for one in datasets:
        typer.echo(f"{one}: wanted; the relay takes it.")
    if wait:
        put_down(settings, partial(_watch, datasets=datasets, lease_seconds=settings.lease_seconds))


async def _want(database: "Database", datasets: list[str], *, forced: bool, take_over: bool) -> None:
    from services.engine.capture import incarnation
    from services.engine.capture import snapshot as walks

    if take_over:
        await database.write(incarnation.allow_taking_over)
    for one in datasets:
        await database.write(walks.want, one, "a person wanted it", forced=forced)


async def _watch(database: "Database", datasets: list[str], lease_seconds: float) -> None:
    """A line whenever one has come further, and whenever there is another reason why none may."""
    from services.engine.capture import snapshot as walks
    from services.engine.capture.status import relay_word

    why = ""
    for one in datasets:
        said = -1
        while (walk := await database.read(walks.under_way, one)) is not None:
            if walk.records != said:
                said = walk.records
                typer.echo(f"{one}: {said} records read")
            before, why = why, _why_not(await database.read(relay_word), lease_seconds)
            if why and why != before:
                typer.echo(f"{why}.", err=True)
            await asyncio.sleep(_LOOK_SECONDS)
        typer.echo(f"{one}: done.")


def _why_not(word: "RelayWord | None", lease_seconds: float) -> str:
    """What keeps a relay from taking what is wanted, empty where one is at work: it speaks thrice in a lease."""
    if word is None:
        return "No relay has spoken here yet; it waits until one runs (`langqiao department relay`)"
    if word.age_seconds > lease_seconds:
        return "No relay has spoken lately; it waits until one runs again (`langqiao department relay`)"
    return f"The relay cannot publish: {word.trouble}" if word.trouble else ""
