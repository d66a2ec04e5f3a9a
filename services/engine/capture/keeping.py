"""The engine's own state of one department, written to a file that `restoring` loads; called by `langqiao backup`."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Select, func, select, text

from services.engine.capture import archive, clock, naming, telling
from services.engine.capture.archive import Manifest, Writing
from services.engine.capture.database import Database
from services.engine.capture.dialect import Dialect
from services.engine.capture.migrating import known_revisions, revision_of
from services.engine.capture.tables import EngineTables, engine_tables

#: The tables, by their names in EngineTables.
TABLES = ("record", "outbox", "told", "alias", "dirty", "state", "idempotency")

#: Rows held in memory at a time.
CHUNK = 1_000


class CannotKeep(Exception):
    """Backup or restore is refused, and nothing was changed; says why, and what to do."""


@dataclass(frozen=True, slots=True)
class Owner:
    """Whose state it is: node, fingerprint of the pseudonym key that names where no relay has said which, versions of
    its contracts by dataset and major, and the fingerprints of the other keys in the file."""

    node: str
    pseudonym_key: str
    contracts: Mapping[str, str]
    other_keys: frozenset[str] = frozenset()


async def backup(database: Database, owner: Owner, secrets: Mapping[str, bytes], path: Path) -> Manifest:
    """Write the engine's tables, as they stand at one moment, and `secrets`, by name, to a file. While it is written
    department, service and relay go on. Raises CannotKeep, DatabaseAway or OSError; then no file is left."""
    with archive.written(path) as writing:
        return await database.read_at_one_moment(_save, database.dialect, owner, secrets, writing)


def _save(
    connection: Connection, dialect: Dialect, owner: Owner, secrets: Mapping[str, bytes], writing: Writing
) -> Manifest:
    revision = revision_of(connection)
    if revision is None or revision != known_revisions()[0]:
        raise CannotKeep(
            "the engine's tables are missing or of another release: see `langqiao department attach`"
        )
    tables = engine_tables(dialect.name)
    for name in TABLES:
        query = _kept(tables, name)
        writing.part(name, [one.name for one in query.selected_columns], _rows(connection, query))
    manifest = Manifest(
        node=owner.node,
        database=dialect.name,
        made_at=connection.execute(select(clock.now(dialect.name))).scalar_one(),
        revision=revision,
        epoch=telling.epoch(connection),
        last_id=connection.execute(text(dialect.last_id)).scalar_one(),
        fence=connection.execute(select(func.coalesce(func.max(tables.lease.c.fence), 0))).scalar_one(),
        pseudonym_key=_naming(connection, owner),
        contracts=owner.contracts,
    )
    return writing.end(manifest, secrets)


def _naming(connection: Connection, owner: Owner) -> str:
    turns = naming.stand(connection).turns
    return turns[-1].fingerprint if turns else owner.pseudonym_key


def _kept(tables: EngineTables, name: str) -> Select[Any]:
    """What is kept of a table: of the outbox only what is not sent."""
    table = getattr(tables, name)
    query = select(table)
    return query.where(table.c.sent_at.is_(None)).order_by(table.c.id) if name == "outbox" else query


def _rows(connection: Connection, query: Select[Any]) -> Iterator[list[Any]]:
    found = connection.execute(query, execution_options={"yield_per": CHUNK})
    return (list(one) for one in found)
