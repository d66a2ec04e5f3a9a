"""The engine's own facts by name, one text each; read and written by attach, by the relay and by status."""

from collections.abc import Mapping, Sequence
from functools import cache

from sqlalchemy import Connection, Insert, Select, bindparam, delete, select

from services.engine.capture.tables import engine_tables
from services.engine.capture.upsert import insert


def get(connection: Connection, name: str) -> str | None:
    """A fact's text; None when it is not known."""
    found: str | None = connection.execute(_getting(connection.dialect.name), {"of_name": name}).scalar()
    return found


def get_all(connection: Connection, names: Sequence[str]) -> dict[str, str]:
    """Those of some facts that are known."""
    state = engine_tables(connection.dialect.name).state
    found = connection.execute(select(state).where(state.c.name.in_(names)))
    return {one.name: one.value for one in found}


def put(connection: Connection, facts: Mapping[str, str]) -> None:
    """Keep facts, over older ones of the same names."""
    if facts:
        rows = [{"name": name, "value": value} for name, value in facts.items()]
        connection.execute(_putting(connection.dialect.name), rows)


def forget(connection: Connection, names: Sequence[str]) -> None:
    """Forget facts, whether they are known or not."""
    state = engine_tables(connection.dialect.name).state
    connection.execute(delete(state).where(state.c.name.in_(names)))


def hold(connection: Connection, name: str) -> None:
    """Let nobody else change a fact that is known until we have committed."""
    connection.execute(_getting(connection.dialect.name).with_for_update(), {"of_name": name})


@cache
def _getting(dialect: str) -> Select[str]:
    state = engine_tables(dialect).state
    return select(state.c.value).where(state.c.name == bindparam("of_name"))


@cache
def _putting(dialect: str) -> Insert:
    fresh = insert(dialect, engine_tables(dialect).state)
    return fresh.on_conflict_do_update(index_elements=["name"], set_={"value": fresh.excluded.value})
