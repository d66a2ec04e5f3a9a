"""Tables that a department has altered: a column that comes back, or has its type back, holds other values than before,
and so does another table under the name, restored or swapped in; no trigger saw that. Looked at by the relay, which
then walks the dataset."""

from collections.abc import Mapping, Sequence

import orjson
from sqlalchemy import Connection

from services.engine.capture import snapshot, state
from services.engine.capture.captured import Captured
from services.engine.capture.keys import literal
from services.engine.capture.tables import POSTGRESQL

REASON = "the table was altered"

#: State by dataset: each column that was ever mapped, as it was when it was last seen.
_COLUMNS = "columns."

Columns = Mapping[str, str]


def altered(connection: Connection, datasets: Sequence[Captured]) -> dict[str, Columns]:
    """Datasets with a mapped column that is another than when it was last seen, or was never seen, with all that are
    there now. On SQLite a column goes only with our triggers, and these are missed when they come again."""
    if connection.dialect.name != POSTGRESQL:
        return {}
    now = _columns(connection, datasets)
    seen = state.get_all(connection, [_COLUMNS + one for one in now])
    return {
        dataset: columns
        for dataset, columns in now.items()
        if not columns.items() <= _read(seen.get(_COLUMNS + dataset)).items()
    }


def note(connection: Connection, dataset: str, columns: Columns, *, fits: bool) -> None:
    """Keep how its columns are; where one was another before, and all fit now, the dataset is walked. A column that a
    contract has gained was not seen before; one that it lacks for a moment is not forgotten."""
    before = _read(state.get(connection, _COLUMNS + dataset))
    kept = orjson.dumps({**before, **columns}, option=orjson.OPT_SORT_KEYS).decode()
    state.put(connection, {_COLUMNS + dataset: kept})
    if fits and any(before.get(name, now) != now for name, now in columns.items()):
        snapshot.want(connection, dataset, REASON, forced=False)


def _read(kept: str | None) -> Columns:
    return {} if kept is None else dict(orjson.loads(kept))


def _columns(connection: Connection, datasets: Sequence[Captured]) -> Mapping[str, Columns]:
    """By dataset. A column that was dropped and added has another number, one of another table another table's."""
    names = ", ".join(literal(one) for one in sorted({one.table for one in datasets}))
    found = connection.exec_driver_sql(
        "SELECT given.name, CAST(a.attname AS text), CAST(a.attrelid AS bigint), a.attnum,"
        " format_type(a.atttypid, a.atttypmod)"
        f" FROM unnest(CAST(ARRAY[{names}] AS text[])) AS given(name)"
        " JOIN pg_attribute a ON a.attrelid = to_regclass(quote_ident(given.name))"
        " AND a.attnum > 0 AND NOT a.attisdropped"
    ).all()
    return {
        one.dataset: {
            column: f"{place} {number} {kind}"
            for table, column, place, number, kind in found
            if table == one.table and column in one.columns
        }
        for one in datasets
    }
