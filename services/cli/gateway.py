"""`langqiao gateway`: run a gateway."""

import typer

app = typer.Typer(help="The gateway.", no_args_is_help=True)


@app.callback()
def group() -> None:
    """The gateway."""


@app.command()
def serve() -> None:
    """Serve the gateway that the LANGQIAO_GATEWAY_… settings describe."""
    from gateway.main import main

    main()
