"""The tool as a test runs it: in this process, with what it said and its exit code."""

from pathlib import Path

from typer.testing import CliRunner, Result

from services.cli.main import app


def run(*arguments: str, environment: dict[str, str | None] | None = None) -> Result:
    """`langqiao` with these arguments; variables set to None are taken out of the environment."""
    return CliRunner().invoke(app, list(arguments), env=environment)


def department(folder: Path) -> dict[str, str | None]:
    """The settings of a department whose database and secret stand in a folder, or are yet to be made there."""
    return {
        "LANGQIAO_KIND": "credit",
        "LANGQIAO_DIVISION": "330200",
        "LANGQIAO_DATABASE_URL": f"sqlite:///{folder / 'records.sqlite'}",
        "LANGQIAO_PSEUDONYM_KEY_FILE": str(folder / "pseudonym.key"),
    }


def seeded(folder: Path, size: str = "0.05") -> dict[str, str | None]:
    """The settings of one with synthetic records."""
    told = department(folder)
    assert run("department", "seed", "credit", "--size", size, environment=told).exit_code == 0
    return told


def attached(folder: Path, size: str = "0.05") -> dict[str, str | None]:
    """The settings of one whose records are captured."""
    told = seeded(folder, size)
    assert run("department", "attach", "credit", environment=told).exit_code == 0
    return told
