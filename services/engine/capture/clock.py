"""The department's database's clock, in statements and read: the one clock by which changes, leases and marks are
dated."""

from sqlalchemy import ColumnElement, Connection, Float, Text, literal_column, select

from services.engine.capture.postgresql import Postgresql
from services.engine.capture.sqlite import Sqlite
from services.engine.capture.tables import SQLITE


def seconds(dialect: str) -> ColumnElement[float]:
    """Seconds since 1970."""
    return literal_column(_texts(dialect).seconds, Float)


def now(dialect: str) -> ColumnElement[str]:
    """RFC 3339 UTC."""
    return literal_column(_texts(dialect).now, Text)


def read_seconds(connection: Connection) -> float:
    """What `seconds` gives at this moment."""
    return connection.execute(select(seconds(connection.dialect.name))).scalar_one()


def read_now(connection: Connection) -> str:
    """What `now` gives at this moment."""
    return connection.execute(select(now(connection.dialect.name))).scalar_one()


def _texts(dialect: str) -> type[Sqlite] | type[Postgresql]:
    return Sqlite if dialect == SQLITE else Postgresql
