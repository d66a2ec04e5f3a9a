"""`langqiao token`: a fresh token of a profile, for other programs' calls."""

import typer

from services.cli.caller import DEFAULT_PROFILE, ProfileFile, load_profile
from services.client.profile import BadProfile

app = typer.Typer()


@app.command()
def token(profile: ProfileFile = DEFAULT_PROFILE) -> None:
    """Print a token, good for ten minutes."""
    try:
        typer.echo(load_profile(profile).token())
    except BadProfile as fault:
        raise typer.BadParameter(str(fault), param_hint="--profile") from None
