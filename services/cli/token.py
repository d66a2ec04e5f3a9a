"""`langqiao token`: a fresh token of a profile, for other programs' calls."""

import typer

from services.cli.ask import DEFAULT_PROFILE, ProfileFile
from services.client.profile import BadProfile, Profile


def token(profile: ProfileFile = DEFAULT_PROFILE) -> None:
    """Print a token, good for ten minutes."""
    try:
        typer.echo(Profile.load(profile).token())
    except BadProfile as fault:
        raise typer.BadParameter(str(fault), param_hint="--profile") from None
