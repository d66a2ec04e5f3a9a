"""The department's database's clock, in statements: the one clock by which changes, leases and marks are dated."""

from sqlalchemy import ColumnElement, Float, Text, literal_column

from services.engine.capture.postgresql import Postgresql
from services.engine.capture.sqlite import Sqlite
from services.engine.capture.tables import SQLITE


def seconds(dialect: str) -> ColumnElement[float]:
    """Seconds since 1970."""
    return literal_column(_texts(dialect).seconds, Float)


def now(dialect: str) -> ColumnElement[str]:
    """RFC 3339 UTC."""
    return literal_column(_texts(dialect).now, Text)


def _texts(dialect: str) -> type[Sqlite] | type[Postgresql]:
    return Sqlite if dialect == SQLITE else Postgresql
