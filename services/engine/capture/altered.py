"""Tables that a department has altered: a column that comes back, or has its type back, holds other values than before,
and no trigger saw that; looked at by the relay, which then walks the dataset."""

from collections.abc import Mapping, Sequence

from sqlalchemy import Connection

from services.engine.capture import snapshot, state
from services.engine.capture.captured import Captured
from services.engine.capture.keys import literal
from services.engine.capture.tables import POSTGRESQL

REASON = "the table was altered"

#: State by dataset: the mapped columns as they were at the last look.
_COLUMNS = "columns."


def altered(connection: Connection, datasets: Sequence[Captured]) -> dict[str, str]:
    """Datasets whose mapped columns are others than at the last look, or were not looked at, with what they are now. On
    SQLite a column goes only with our triggers, and these are missed when they come again."""
    if connection.dialect.name != POSTGRESQL:
        return {}
    now = _columns(connection, datasets)
    before = state.get_all(connection, [_COLUMNS + one for one in now])
    return {one: columns for one, columns in now.items() if before.get(_COLUMNS + one) != columns}


def note(connection: Connection, dataset: str, columns: str, *, fits: bool) -> None:
    """Keep what its columns are; where they were others before, and fit now, the dataset is walked."""
    before = state.get(connection, _COLUMNS + dataset)
    state.put(connection, {_COLUMNS + dataset: columns})
    if fits and before not in (None, columns):
        snapshot.want(connection, dataset, REASON, forced=False)


def _columns(connection: Connection, datasets: Sequence[Captured]) -> Mapping[str, str]:
    """By dataset. A column that was dropped and added has another number."""
    names = ", ".join(literal(one) for one in sorted({one.table for one in datasets}))
    found = connection.exec_driver_sql(
        "SELECT given.name, CAST(a.attname AS text), a.attnum, format_type(a.atttypid, a.atttypmod)"
        f" FROM unnest(CAST(ARRAY[{names}] AS text[])) AS given(name)"
        " JOIN pg_attribute a ON a.attrelid = to_regclass(quote_ident(given.name))"
        " AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum"
    ).all()
    return {
        one.dataset: ", ".join(
            f"{column} {number} {kind}"
            for table, column, number, kind in found
            if table == one.table and column in one.columns
        )
        for one in datasets
    }
