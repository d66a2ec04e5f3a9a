"""`langqiao gateway`: run a gateway."""

import typer

from gateway.settings import Settings
from services.cli.configured import configured
from services.engine.env_example import env_example

app = typer.Typer(
    help="A gateway's process; the LANGQIAO_GATEWAY_… settings describe it.", no_args_is_help=True
)


@app.command()
def serve() -> None:
    """Answer questions about the records of all nodes over HTTP, until told to end."""
    configured(Settings)
    from gateway.main import main

    main()


@app.command()
def settings() -> None:
    """Print every setting of a gateway with its meaning, as an env file to fill in."""
    typer.echo(env_example(Settings))
