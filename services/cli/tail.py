"""`langqiao tail`: follow a dataset's topic."""

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, Any

import typer

from schemas.wire.event import Event
from schemas.wire.topics import Audience
from services.cli import show
from services.cli.caller import DEFAULT_PROFILE, UNREACHED, ProfileFile, calling, load_profile
from services.client.profile import BadProfile
from services.client.topics import CannotFollow, Following, follow

app = typer.Typer()


@app.command()
def tail(
    dataset: Annotated[str, typer.Argument(help="Such as market_regulation.enterprises.")],
    audience: Annotated[Audience, typer.Option("--audience", help="Whose topic.")] = Audience.PUBLIC,
    version: Annotated[
        int | None, typer.Option("--contract-version", min=1, help="The contract's major; none: the lowest.")
    ] = None,
    from_start: Annotated[
        bool, typer.Option("--from-start", help="Begin with the oldest event kept.")
    ] = False,
    count: Annotated[int | None, typer.Option("--count", min=1, help="End after so many events.")] = None,
    profile: ProfileFile = DEFAULT_PROFILE,
) -> None:
    """Print each event of a dataset as a line of JSON, until Ctrl-C."""
    loaded = load_profile(profile)
    with calling(loaded) as bridge:
        offerings = bridge.get("/catalogue")["offerings"]
    topics = sorted(_topics(offerings, dataset, version, audience))
    if not topics:
        raise typer.BadParameter(f"nobody publishes {dataset} to the audience {audience}")
    try:
        following = follow(loaded.bootstrap, topics, from_start=from_start, security=loaded.security())
    except BadProfile as fault:
        raise typer.BadParameter(str(fault), param_hint="--profile") from None
    raise typer.Exit(asyncio.run(_print(following, count)))


def _topics(
    offerings: Sequence[Mapping[str, Any]], dataset: str, version: int | None, audience: Audience
) -> Iterator[str]:
    """One topic for each offering of the dataset that publishes the major to the audience."""
    for offering in offerings:
        if offering["dataset"] == dataset:
            major = min(offering["majors"]) if version is None else version
            topic = offering["topics"].get(f"v{major}.{audience}")
            if topic is not None:
                yield topic


async def _print(following: Following, count: int | None) -> int:
    """Print until enough; the exit code."""
    seen = 0
    try:
        async for event in following:
            typer.echo(show.as_line(_shown(event)))
            seen += 1
            if seen == count:
                break
    except CannotFollow as fault:
        typer.echo(f"Nobody publishes here: {fault}.", err=True)
        return UNREACHED
    finally:
        await following.close()
    return 0


def _shown(event: Event) -> dict[str, Any]:
    """What is worth a line: a delete and a thin event have no data."""
    line: dict[str, Any] = {
        "type": event.type,
        "subject": event.subject,
        "version": f"{event.recordepoch}.{event.recordversion}",
        "time": event.time,
    }
    line |= {"dataref": event.dataref} if event.dataref else {}
    return line if event.data is None else {**line, "data": event.data}
