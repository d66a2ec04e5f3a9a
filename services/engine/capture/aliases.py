"""The other ids of records while one pseudonym key follows another: kept by whoever names records, and by the relay
before it lets the next key name; asked wherever a record is looked up by its id."""

from collections.abc import Mapping, Sequence

import orjson
from sqlalchemy import Connection, delete, select

from services.engine.capture import state
from services.engine.capture.tables import engine_tables
from services.engine.capture.upsert import insert

#: State by dataset: of which key every record that stood has its id there, or up to which raw key (JSON).
_REACHED = "aliases."


def put(connection: Connection, dataset: str, named: Mapping[str, str]) -> None:
    """Keep ids beside those that records have; raw keys by id. One that is kept already stays."""
    if named:
        fresh = insert(connection.dialect.name, engine_tables(connection.dialect.name).alias)
        rows = [{"dataset": dataset, "record_id": one, "raw_key": key} for one, key in named.items()]
        connection.execute(fresh.on_conflict_do_nothing(index_elements=["dataset", "record_id"]), rows)


def raw_keys(connection: Connection, dataset: str, record_id: str) -> Sequence[str]:
    """The raw keys of records that have this id beside their own."""
    alias = engine_tables(connection.dialect.name).alias.c
    mine = select(alias.raw_key).where(alias.dataset == dataset, alias.record_id == record_id)
    return connection.execute(mine).scalars().all()


def after(connection: Connection, dataset: str, fingerprint: str) -> str | None:
    """The raw key up to which records have their id by a key, "" before the first; None when all have."""
    text = state.get(connection, _REACHED + dataset)
    reached: dict[str, str | None] = {} if text is None else orjson.loads(text)
    return reached.get(fingerprint, "")


def reach(connection: Connection, dataset: str, fingerprint: str, raw_key: str | None) -> None:
    """Keep how far the ids by a key have come, as `after` says it."""
    state.put(connection, {_REACHED + dataset: orjson.dumps({fingerprint: raw_key}).decode()})


def some(connection: Connection, dataset: str, limit: int) -> Sequence[str]:
    """Raw keys of at most `limit` records that have other ids."""
    alias = engine_tables(connection.dialect.name).alias.c
    mine = select(alias.raw_key).where(alias.dataset == dataset).distinct()
    return connection.execute(mine.limit(limit)).scalars().all()


def forget(connection: Connection, dataset: str, keys: Sequence[str]) -> None:
    """Records of these raw keys have no other ids any more."""
    alias = engine_tables(connection.dialect.name).alias
    connection.execute(delete(alias).where(alias.c.dataset == dataset, alias.c.raw_key.in_(keys)))
