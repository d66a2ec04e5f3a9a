"""Whether a department's tables still have the columns that its mappings show, of types that mean the same; asked by
the source before it answers and by the relay before it reads again."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from typing import Any

from sqlalchemy import Connection

from services.engine.capture.keys import literal
from services.engine.capture.tables import SQLITE
from services.engine.mapping.model import Mapping as TableMapping

#: Of a column that is there: table, column, type, PostgreSQL's category of the type, and whether row level security
#: hides rows of the table from us.
ColumnRow = Sequence[Any]

#: Types that mean the same for our purposes; any other type stands for itself.
_SAME = {
    **dict.fromkeys(("character varying", "character", "bpchar", "citext", "name"), "text"),
    **dict.fromkeys(("smallint", "bigint"), "integer"),
    "timestamp": "timestamp without time zone",
}
#: Texts, and enumerations, which read as texts.
_TEXTUAL = ("S", "E")
#: How PostgreSQL's capture JSON shows a type; of any other type, nothing is known.
_IN_JSON: Mapping[str, tuple[type, ...]] = {
    "text": (str,),
    "integer": (int,),
    # A text stands there for what is no number.
    "numeric": (int, Decimal, str),
    "boolean": (bool,),
    "date": (str,),
    "timestamp without time zone": (str,),
}
#: In SQLite's own words, a column holds what it likes: only text against numbers changes what a value is.
_SQLITE_KINDS = {"text": "text", "integer": "number", "numeric": "number"}


@dataclass(frozen=True, slots=True)
class Misfit:
    """Why a dataset's table no longer fits. `reason` names columns, for the department; `items` says what became of
    each of the contract's items that are concerned, for callers; none: the table itself is gone."""

    reason: str
    items: Mapping[str, str]


def columns_query(dialect: str, tables: Iterable[str]) -> str:
    """A query, without parameters, of a ColumnRow for every column that these tables have now."""
    names = ", ".join(literal(name) for name in sorted(tables))
    if dialect == SQLITE:
        return (
            "SELECT m.name, c.name, c.type, '', 0 FROM sqlite_master m JOIN pragma_table_xinfo(m.name) c"
            f" WHERE m.type IN ('table', 'view') AND m.name COLLATE NOCASE IN ({names})"
        )
    return (
        "SELECT given.name, CAST(a.attname AS text),"
        " format_type(coalesce(nullif(t.typbasetype, 0), t.oid), NULL), CAST(t.typcategory AS text),"
        " row_security_active(a.attrelid)"
        f" FROM unnest(CAST(ARRAY[{names}] AS text[])) AS given(name)"
        " JOIN pg_attribute a ON a.attrelid = to_regclass(quote_ident(given.name))"
        " AND a.attnum > 0 AND NOT a.attisdropped JOIN pg_type t ON t.oid = a.atttypid"
    )


def stale(connection: Connection, mappings: Sequence[TableMapping]) -> dict[str, Misfit]:
    """The datasets whose tables do not fit now."""
    dialect = connection.dialect.name
    query = columns_query(dialect, {one.table.name for one in mappings})
    return misfits(mappings, dialect, connection.exec_driver_sql(query).all())


def misfits(mappings: Iterable[TableMapping], dialect: str, found: Iterable[ColumnRow]) -> dict[str, Misfit]:
    """The datasets whose tables no longer fit, by what `columns_query` found."""
    kinds: dict[str, dict[str, str | None]] = {}
    hidden = set()
    for table, column, sql_type, category, hides in found:
        kind = _kind(sql_type, category, dialect)
        kinds.setdefault(_name(table, dialect), {})[_name(column, dialect)] = kind
        if hides:
            hidden.add(_name(table, dialect))
    unfit: dict[str, Misfit] = {}
    for one in mappings:
        name = _name(one.table.name, dialect)
        misfit = _hides(one) if name in hidden else _misfit(one, dialect, kinds.get(name))
        if misfit is not None:
            unfit.setdefault(one.contract.dataset, misfit)
    return unfit


def changed_column(mapping: TableMapping, row: Mapping[str, Any], dialect: str) -> str | None:
    """The first mapped column that a row of PostgreSQL's capture JSON shows in another type than it was mapped for;
    SQLite's columns hold values of any type from the first day."""
    if dialect == SQLITE:
        return None
    for field in mapping.fields.values():
        shown = _IN_JSON.get(_declared(mapping.table.columns[field.column]))
        if shown is not None and not _shown_as(row.get(field.column), shown):
            return field.column
    return None


def _shown_as(value: object, types: tuple[type, ...]) -> bool:
    # Every boolean of Python's is a whole number as well.
    return value is None or (isinstance(value, types) and (bool in types or not isinstance(value, bool)))


def _hides(mapping: TableMapping) -> Misfit:
    """Rows that a policy hides from us look as if they were deleted, while triggers are shown them all the same."""
    reason = f"row level security hides rows of {mapping.table.name} from our role, which needs BYPASSRLS"
    return Misfit(reason, dict.fromkeys(mapping.fields, "its table is not whole"))


def _misfit(mapping: TableMapping, dialect: str, kinds: Mapping[str, str | None] | None) -> Misfit | None:
    if kinds is None:
        return Misfit(f"the table {mapping.table.name} is gone", {})
    reasons: list[str] = []
    items: dict[str, str] = {}
    for item, field in mapping.fields.items():
        name = _name(field.column, dialect)
        if name not in kinds:
            reasons.append(f"the column {field.column} is gone")
            items[item] = "its column is gone"
        elif not _means(mapping.table.columns[field.column], kinds[name], dialect):
            reasons.append(f"the column {field.column} has another type")
            items[item] = "its column has another type"
    return Misfit(", ".join(reasons), items) if reasons else None


def _means(declared: str, kind: str | None, dialect: str) -> bool:
    """Whether a column of this kind means what the mapping declares; where nothing is known of either, it does."""
    expected = _declared(declared)
    if dialect == SQLITE:
        return kind is None or _SQLITE_KINDS.get(expected, kind) == kind
    return kind == expected


@cache
def _declared(sql_type: str) -> str:
    plain = sql_type.partition("(")[0].strip().lower()
    return _SAME.get(plain, plain)


def _kind(sql_type: str, category: str, dialect: str) -> str | None:
    if dialect == SQLITE:
        return _affinity(sql_type.upper())
    return "text" if category in _TEXTUAL else _SAME.get(sql_type, sql_type)


def _affinity(sql_type: str) -> str | None:
    """SQLite's rules, in their order; None for a column that takes values as they come."""
    if "INT" in sql_type:
        return "number"
    if any(word in sql_type for word in ("CHAR", "CLOB", "TEXT")):
        return "text"
    return None if not sql_type or "BLOB" in sql_type else "number"


def _name(name: str, dialect: str) -> str:
    """SQLite's names are the same in capitals and in small letters."""
    return name.lower() if dialect == SQLITE else name
