"""The engine's own facts by name, one text each; read and written by attach, by the relay and by status."""

from collections.abc import Mapping

from sqlalchemy import Connection, delete, select

from services.engine.capture.tables import engine_tables
from services.engine.capture.upsert import insert


def get(connection: Connection, name: str) -> str | None:
    """A fact's text; None when it is not known."""
    state = engine_tables(connection.dialect.name).state
    found: str | None = connection.execute(select(state.c.value).where(state.c.name == name)).scalar()
    return found


def put(connection: Connection, facts: Mapping[str, str]) -> None:
    """Keep facts, over older ones of the same names."""
    if not facts:
        return
    fresh = insert(connection, engine_tables(connection.dialect.name).state)
    statement = fresh.on_conflict_do_update(index_elements=["name"], set_={"value": fresh.excluded.value})
    connection.execute(statement, [{"name": name, "value": value} for name, value in facts.items()])


def forget(connection: Connection, name: str) -> None:
    state = engine_tables(connection.dialect.name).state
    connection.execute(delete(state).where(state.c.name == name))
