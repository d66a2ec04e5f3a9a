"""INSERT … ON CONFLICT, which SQLAlchemy spells per database; used by the modules that keep the engine's tables."""

from sqlalchemy import Table
from sqlalchemy.dialects.postgresql import Insert as PostgresqlInsert
from sqlalchemy.dialects.sqlite import Insert as SqliteInsert

from services.engine.capture.tables import SQLITE


def insert(dialect: str, table: Table) -> SqliteInsert | PostgresqlInsert:
    """An INSERT into the table that can say what to do on a conflict."""
    return SqliteInsert(table) if dialect == SQLITE else PostgresqlInsert(table)
