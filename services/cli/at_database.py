"""A department's database as a command works on it: opened, closed, and each fault a sentence; used by the nouns that
put down or read the engine's own state."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import TypeVar

import typer

from services.cli.caller import REFUSED, UNREACHED
from services.engine.capture.database import Database, DatabaseAway, DatabaseRefuses, open_database
from services.engine.settings import Settings

R = TypeVar("R")


@asynccontextmanager
async def opened(settings: Settings) -> AsyncIterator[Database]:
    """The database that settings name, closed with the block."""
    database = open_database(settings.database_url.get_secret_value())
    try:
        yield database
    finally:
        await database.close()


async def working(settings: Settings, work: Callable[[Database], Awaitable[R]]) -> R:
    """The work's answer."""
    async with opened(settings) as database:
        return await work(database)


def at_database(settings: Settings, work: Callable[[Database], Awaitable[R]], refused: str) -> R:
    """The work's answer; ends the command with a sentence where there is none, which is `refused` where the engine's
    own tables are not there for us."""
    try:
        return asyncio.run(working(settings, work))
    except DatabaseRefuses as fault:
        typer.echo(f"{refused} ({fault}): see `langqiao department attach`.", err=True)
        raise typer.Exit(REFUSED) from None
    except DatabaseAway as fault:
        typer.echo(f"The department's database does not answer ({fault}).", err=True)
        raise typer.Exit(UNREACHED) from None
