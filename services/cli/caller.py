"""Who calls from the command line: an open bridge for a profile, and each fault as a sentence; used by ask and tail."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import httpx
import typer

from services.cli import show
from services.client.bridge import Bridge, Refused
from services.client.profile import BadProfile, Profile
from services.client.receipts import BadReceipt

#: The tool's exit codes, as its help and the README list them.
REFUSED, MISUSED, UNREACHED = 1, 2, 3

ProfileFile = Annotated[
    Path,
    typer.Option(
        "--profile", envvar="LANGQIAO_PROFILE", help="Who asks: a profile file, as `langqiao up` makes."
    ),
]
Purpose = Annotated[
    str | None,
    typer.Option(
        "--purpose",
        help="What for: grant:<id>, or with the grants of several departments grant:<id>,<id>; or case:<reference>.",
    ),
]
DEFAULT_PROFILE = Path(".langqiao/demo/profiles/approvals.json")


def load_profile(path: Path) -> Profile:
    """The profile; a wrong use of --profile when there is none."""
    try:
        return Profile.load(path)
    except BadProfile as fault:
        raise typer.BadParameter(str(fault), param_hint="--profile") from None


@contextmanager
def calling(profile: Profile) -> Iterator[Bridge]:
    """A bridge that asks as the profile; ends the command with a sentence when it is refused or not reached."""
    try:
        with Bridge(profile) as bridge:
            yield bridge
    except BadProfile as fault:
        raise typer.BadParameter(str(fault), param_hint="--profile") from None
    except Refused as fault:
        show.refusal(fault)
        raise typer.Exit(REFUSED) from None
    except BadReceipt as fault:
        typer.echo(str(fault), err=True)
        raise typer.Exit(REFUSED) from None
    except httpx.TransportError as fault:
        raise unreached(profile.gateway, fault) from None


def unreached(address: str, fault: Exception) -> typer.Exit:
    """Say that nobody answers at an address; the exit that goes with it."""
    typer.echo(f"Nobody answers at {address} ({type(fault).__name__}).", err=True)
    return typer.Exit(UNREACHED)
