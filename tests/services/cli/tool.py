"""The tool as a test runs it: in this process, with what it said and its exit code."""

from typer.testing import CliRunner, Result

from services.cli.main import app


def run(*arguments: str, environment: dict[str, str | None] | None = None) -> Result:
    """`langqiao` with these arguments; variables set to None are taken out of the environment."""
    return CliRunner().invoke(app, list(arguments), env=environment)
