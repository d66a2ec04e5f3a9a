"""The engine's own facts by name, one text each; read and written by attach, by the relay and by status."""

from collections.abc import Mapping, Sequence

from sqlalchemy import Connection, select

from services.engine.capture.tables import engine_tables
from services.engine.capture.upsert import insert


def get(connection: Connection, name: str) -> str | None:
    """A fact's text; None when it is not known."""
    state = engine_tables(connection.dialect.name).state
    found: str | None = connection.execute(select(state.c.value).where(state.c.name == name)).scalar()
    return found


def get_all(connection: Connection, names: Sequence[str]) -> dict[str, str]:
    """Those of some facts that are known."""
    state = engine_tables(connection.dialect.name).state
    found = connection.execute(select(state).where(state.c.name.in_(names)))
    return {one.name: one.value for one in found}


def put(connection: Connection, facts: Mapping[str, str]) -> None:
    """Keep facts, over older ones of the same names."""
    if not facts:
        return
    fresh = insert(connection, engine_tables(connection.dialect.name).state)
    statement = fresh.on_conflict_do_update(index_elements=["name"], set_={"value": fresh.excluded.value})
    connection.execute(statement, [{"name": name, "value": value} for name, value in facts.items()])
