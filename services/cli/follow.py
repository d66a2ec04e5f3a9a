"""`langqiao tail`: follow a dataset's topic."""

import asyncio
from typing import Annotated

import typer

from schemas.wire.topics import Audience
from services.cli import show
from services.cli.ask import DEFAULT_PROFILE, ProfileFile
from services.client.bridge import Bridge
from services.client.profile import BadProfile, Profile
from services.client.topics import follow


def tail(
    dataset: Annotated[str, typer.Argument(help="Such as market_regulation.enterprises.")],
    audience: Annotated[Audience, typer.Option("--audience", help="Whose topic.")] = Audience.PUBLIC,
    from_start: Annotated[
        bool, typer.Option("--from-start", help="Begin with the oldest event kept.")
    ] = False,
    count: Annotated[int | None, typer.Option("--count", min=1, help="End after so many events.")] = None,
    profile: ProfileFile = DEFAULT_PROFILE,
) -> None:
    """Print each event of a dataset as a line of JSON, until Ctrl-C."""
    try:
        loaded = Profile.load(profile)
    except BadProfile as fault:
        raise typer.BadParameter(str(fault), param_hint="--profile") from None
    topics = _topics(loaded, dataset, audience)
    if not topics:
        raise typer.BadParameter(f"nobody publishes {dataset} to the audience {audience}")
    asyncio.run(_print(loaded.bootstrap, topics, from_start, count))


def _topics(profile: Profile, dataset: str, audience: Audience) -> list[str]:
    with Bridge(profile) as bridge:
        offerings = bridge.get("/catalogue")["offerings"]
    return [
        topic
        for offering in offerings
        if offering["dataset"] == dataset
        for name, topic in offering["topics"].items()
        if name.rpartition(".")[2] == audience
    ]


async def _print(bootstrap: str, topics: list[str], from_start: bool, count: int | None) -> None:
    console = show.console()
    seen = 0
    async for event in follow(bootstrap, topics, from_start=from_start):
        line = {"type": event.type, "subject": event.subject, "time": event.time, "data": event.data}
        console.print(show.as_line(line), markup=False, soft_wrap=True)
        seen += 1
        if count is not None and seen >= count:
            return
