"""The revision of the engine's tables, found and changed by Alembic's scripts; used by attach and by restore."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, inspect, text

from services.engine.capture.tables import place, table_prefix

HEAD = "head"

_VERSIONS = "alembic_version"


def migrate(connection: Connection, revision: str = HEAD) -> None:
    """Bring the tables to a revision, from whichever they have, or from none."""
    config = _config()
    config.attributes["connection"] = connection
    command.upgrade(config, revision)


def known_revisions() -> tuple[str, ...]:
    """Every revision that this release knows, the newest first."""
    return tuple(one.revision for one in ScriptDirectory.from_config(_config()).walk_revisions())


def revision_of(connection: Connection) -> str | None:
    """The revision that the tables have; None where there are none."""
    dialect = connection.dialect.name
    prefix, schema = place(dialect)
    if not inspect(connection).has_table(f"{prefix}{_VERSIONS}", schema=schema):
        return None
    found: str | None = connection.execute(
        text(f"SELECT version_num FROM {table_prefix(dialect)}{_VERSIONS}")
    ).scalar()
    return found


def forget_revision(connection: Connection) -> None:
    """Say that there are no tables; to be followed by `migrate`."""
    connection.execute(text(f"DROP TABLE IF EXISTS {table_prefix(connection.dialect.name)}{_VERSIONS}"))


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    return config
