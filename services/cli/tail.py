"""`langqiao tail`: follow a dataset's topic."""

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from schemas.wire.event import Event
from schemas.wire.topics import Audience
from services.cli import show
from services.cli.caller import DEFAULT_PROFILE, REFUSED, UNREACHED, ProfileFile, calling, load_profile
from services.cli.registries import Authority, history_of
from services.client.profile import BadProfile
from services.client.topics import CannotFollow, Following, Foreign, follow

app = typer.Typer()

SignedBy = Annotated[
    list[Path] | None,
    typer.Option(
        "--registry",
        help="Signed member registry whose nodes are to have signed each event; those of earlier days beside it.",
        exists=True,
        dir_okay=False,
    ),
]


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
    registry: SignedBy = None,
    authority: Authority = "",
    profile: ProfileFile = DEFAULT_PROFILE,
) -> None:
    """Print each event of a dataset as a line of JSON, until Ctrl-C.

    With --registry an event counts where its own department's node has signed it alone: any other message is named on
    standard error by its place and the reason, and the exit code is 1.
    """
    if bool(registry) is not bool(authority):
        raise typer.BadParameter("--registry and --authority go together", param_hint="--registry")
    signed_by = history_of(registry, authority).ending if registry else None
    loaded = load_profile(profile)
    with calling(loaded) as bridge:
        offerings = bridge.get("/catalogue")["offerings"]
    topics = sorted(_topics(offerings, dataset, version, audience))
    if not topics:
        raise typer.BadParameter(f"nobody publishes {dataset} to the audience {audience}")
    try:
        following = follow(
            *(loaded.bootstrap, topics),
            from_start=from_start,
            security=loaded.security(),
            signed_by=signed_by,
        )
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
        while seen != count:
            _say(await following.take())
            seen += 1
    except CannotFollow as fault:
        typer.echo(f"Nobody publishes here: {fault}.", err=True)
        return UNREACHED
    finally:
        await following.close()
    return REFUSED if following.refused else 0


def _say(found: Event | Foreign) -> None:
    """What is not its department's is none of the lines that others read on."""
    if isinstance(found, Event):
        typer.echo(show.as_line(_shown(found)))
        return
    place = f"{found.topic}-{found.partition}, message {found.offset}"
    typer.echo(f"Not its department's ({found.reason}): {place}.", err=True)


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
