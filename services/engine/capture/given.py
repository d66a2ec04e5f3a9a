"""Many rows given to one statement as one parameter, which costs the database a part of what a statement for each
does; used by the modules that keep the engine's tables."""

from collections.abc import Mapping, Sequence
from typing import Any

import orjson
from sqlalchemy import JSON, FromClause, Text, bindparam, cast, column, func, select
from sqlalchemy.types import TypeEngine

from services.engine.capture.tables import SQLITE

_ROWS = "given_rows"


def given(dialect: str, **columns: TypeEngine[Any]) -> FromClause:
    """The rows that `bound` binds, as a table to select from or to join with; columns in SQL types."""
    rows: Any = bindparam(_ROWS, type_=Text())
    if dialect == SQLITE:
        each = func.json_each(rows).table_valued("value")
        found = (
            func.json_extract(each.c.value, f"$.{name}", type_=kind).label(name)
            for name, kind in columns.items()
        )
        return select(*found).select_from(each).subquery("given")
    typed = (column(name, kind) for name, kind in columns.items())
    return (
        func.json_to_recordset(cast(rows, JSON))
        .table_valued(*typed, name="given")
        .render_derived(with_types=True)
    )


def bound(rows: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """The parameter of a statement over `given`."""
    return {_ROWS: orjson.dumps(rows).decode()}
