"""A mapping laid out for one dialect: each item's column and twin as SQL text, and stored spellings as a driver takes
them; made once when the source opens, used by shapes, statements and writes."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

import orjson

from services.engine.capture.keys import quoted
from services.engine.capture.tables import SQLITE
from services.engine.mapping.model import Field, Stored
from services.engine.mapping.model import Mapping as TableMapping
from services.engine.source.sql import postgresql_twins, sqlite_twins
from services.engine.source.sql.expressions import Twin

#: The alias of the department's table in every statement.
TABLE = "t"


@dataclass(frozen=True, slots=True)
class Layout:
    """One contract over one table of one database; `sql_types` are the columns' types without their sizes, by item."""

    mapping: TableMapping
    dialect: str
    twins: Mapping[str, Twin]
    sql_types: Mapping[str, str]

    @property
    def key(self) -> tuple[str, ...]:
        """The key's items, in the contract's order."""
        return self.mapping.contract.key

    def field(self, item: str) -> Field:
        return self.mapping.fields[item]

    def column(self, item: str) -> str:
        """The item's column as SQL text."""
        return f"{TABLE}.{quoted(self.field(item).column)}"

    def leads_index(self, item: str) -> bool:
        """Whether the item's column stands first in the table's key or in an index."""
        table = self.mapping.table
        return self.field(item).column in {index[0] for index in (table.key, *table.indexes) if index}

    def stored(self, item: str, spelling: Stored) -> object:
        """A stored spelling as the driver takes it."""
        sql_type = self.sql_types[item]
        return spelling if sql_type == "text" else driver_form(spelling, sql_type, self.dialect)


def layout(mapping: TableMapping, dialect: str, ordered: Collection[str] = ()) -> Layout:
    """The layout of a mapping; `ordered` are PostgreSQL's columns of the table that sort by code point by themselves.

    TypeError when a codec has no twin.
    """
    types = {name: _plain(mapping.table.columns[field.column]) for name, field in mapping.fields.items()}
    found: dict[str, Twin] = {}
    for name, field in mapping.fields.items():
        column, sql_type = f"{TABLE}.{quoted(field.column)}", types[name]
        if dialect == SQLITE:
            found[name] = sqlite_twins.twin(field.codec, column, sql_type)
        else:
            found[name] = postgresql_twins.twin(field.codec, column, sql_type, field.column in ordered)
    return Layout(mapping, dialect, found, types)


def _plain(sql_type: str) -> str:
    return sql_type.partition("(")[0].strip().lower()


def driver_form(spelling: Stored, sql_type: str, dialect: str) -> object:
    """SQLite keeps dates, times and decimals as texts (a numeric column makes numbers of them); PostgreSQL's driver
    wants each column's own type."""
    if spelling is None:
        return None
    if dialect == SQLITE:
        if isinstance(spelling, datetime):
            return spelling.isoformat(" ")
        return str(spelling) if isinstance(spelling, (date, Decimal)) else spelling
    if sql_type == "boolean":
        return bool(spelling)
    return int(spelling) if isinstance(spelling, bool) else spelling


def driver_list(values: Sequence[object], dialect: str) -> object:
    """A list as one parameter: JSON for SQLite, an array for PostgreSQL."""
    return orjson.dumps(values).decode() if dialect == SQLITE else values
