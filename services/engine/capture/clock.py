"""The department's database's clock, in statements: the one clock by which changes, leases and marks are dated."""

from sqlalchemy import ColumnElement, Connection, Float, Text, literal_column

from services.engine.capture.postgresql import Postgresql
from services.engine.capture.sqlite import Sqlite
from services.engine.capture.tables import SQLITE


def seconds(connection: Connection) -> ColumnElement[float]:
    """Seconds since 1970."""
    return literal_column(_dialect(connection).seconds, Float)


def now(connection: Connection) -> ColumnElement[str]:
    """RFC 3339 UTC."""
    return literal_column(_dialect(connection).now, Text)


def _dialect(connection: Connection) -> type[Sqlite] | type[Postgresql]:
    return Sqlite if connection.dialect.name == SQLITE else Postgresql
