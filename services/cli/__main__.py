"""`python -m services.cli`: the same as the command `langqiao`."""

from services.cli.main import app

app()
