"""The engine's own tables beside a department's: read and written by capture, relay and source, migrated by Alembic."""

from dataclasses import dataclass
from functools import cache

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Float,
    Identity,
    Index,
    Integer,
    MetaData,
    PrimaryKeyConstraint,
    Table,
    Text,
    text,
)

#: PostgreSQL's schema of the engine's tables; on SQLite they stand in the department's file under a prefix.
SCHEMA = "langqiao"
PREFIX = "lq_"

SQLITE = "sqlite"
POSTGRESQL = "postgresql"

#: The names in `state` that the triggers read. From the ceiling on, new outbox rows give way to marks; attach sets it
#: a limit above the oldest unsent row, and the relay raises it as it sends.
EPOCH = "epoch"
OUTBOX_CEILING = "outbox_ceiling"

#: In `dirty`, stands for every record of the dataset.
EVERY_KEY = "*"

#: What an outbox row tells: CREATED, UPDATED and DELETED come from triggers, SNAPSHOT from a read of the table.
CREATED, UPDATED, DELETED, SNAPSHOT = "c", "u", "d", "s"


@dataclass(frozen=True, slots=True)
class EngineTables:
    """The tables as SQLAlchemy sees them; `dataset` is `<kind>.<name>`, `at` RFC 3339 UTC by the database's clock.

    record: one row per record: version, pseudonym (the record id; empty when the key cannot be read), hash of the
    row as last numbered for publishing.
    outbox: one row per captured change, `sequence` is the feed's public number, `sent_at` when all was acknowledged.
    dirty: records whose change could not be captured whole, to be read again. lease: who relays.
    state: the engine's own facts by name. idempotency: the creates already done.
    """

    metadata: MetaData
    record: Table
    outbox: Table
    dirty: Table
    lease: Table
    state: Table
    idempotency: Table


@cache
def engine_tables(dialect: str) -> EngineTables:
    """The tables for `sqlite` or `postgresql`, where only their names differ."""
    prefix, schema = place(dialect)
    metadata = MetaData(schema=schema)
    return EngineTables(
        metadata,
        _record(f"{prefix}record", metadata),
        _outbox(f"{prefix}outbox", metadata),
        _dirty(f"{prefix}dirty", metadata),
        _lease(f"{prefix}lease", metadata),
        Table(
            f"{prefix}state",
            metadata,
            Column("name", Text, primary_key=True),
            Column("value", Text, nullable=False),
        ),
        _idempotency(f"{prefix}idempotency", metadata),
    )


def place(dialect: str) -> tuple[str, str | None]:
    """Prefix and schema of the engine's tables."""
    return (PREFIX, None) if dialect == SQLITE else ("", SCHEMA)


def table_prefix(dialect: str) -> str:
    """What stands before an engine table's name in SQL text."""
    return PREFIX if dialect == SQLITE else f"{SCHEMA}."


def _record(name: str, metadata: MetaData) -> Table:
    table = Table(
        name,
        metadata,
        Column("dataset", Text, nullable=False),
        Column("raw_key", Text, nullable=False),
        Column("epoch", Integer, nullable=False),
        Column("version", BigInteger, nullable=False),
        Column("deleted", Boolean, nullable=False),
        Column("pseudonym", Text),
        Column("hash", Text),
        PrimaryKeyConstraint("dataset", "raw_key"),
    )
    Index(f"ix_{name}_pseudonym", table.c.dataset, table.c.pseudonym)
    nameless = text("pseudonym IS NULL")
    Index(f"ix_{name}_nameless", table.c.dataset, postgresql_where=nameless, sqlite_where=nameless)
    return table


def _outbox(name: str, metadata: MetaData) -> Table:
    # CACHE 1 and AUTOINCREMENT: ids are never handed out ahead, and never twice.
    number = BigInteger().with_variant(Integer(), SQLITE)
    table = Table(
        name,
        metadata,
        Column("id", number, Identity(cache=1), primary_key=True),
        Column("dataset", Text, nullable=False),
        Column("raw_key", Text, nullable=False),
        Column("epoch", Integer, nullable=False),
        Column("version", BigInteger, nullable=False),
        Column("op", Text, nullable=False),
        Column("old", Text),
        Column("new", Text),
        Column("at", Text, nullable=False),
        Column("sequence", BigInteger),
        Column("parked_because", Text),
        Column("sent_at", Float),
        sqlite_autoincrement=True,
    )
    waiting = text("sent_at IS NULL AND parked_because IS NULL")
    Index(f"ix_{name}_waiting", table.c.id, postgresql_where=waiting, sqlite_where=waiting)
    parked = text("parked_because IS NOT NULL")
    Index(f"ix_{name}_parked", table.c.dataset, table.c.raw_key, postgresql_where=parked, sqlite_where=parked)
    return table


def _dirty(name: str, metadata: MetaData) -> Table:
    return Table(
        name,
        metadata,
        Column("dataset", Text, nullable=False),
        Column("raw_key", Text, nullable=False),
        Column("at", Text, nullable=False),
        PrimaryKeyConstraint("dataset", "raw_key"),
    )


def _lease(name: str, metadata: MetaData) -> Table:
    return Table(
        name,
        metadata,
        Column("name", Text, primary_key=True),
        Column("holder", Text, nullable=False),
        Column("fence", BigInteger, nullable=False),
        Column("until", Float, nullable=False),
    )


def _idempotency(name: str, metadata: MetaData) -> Table:
    return Table(
        name,
        metadata,
        Column("dataset", Text, nullable=False),
        Column("key", Text, nullable=False),
        Column("digest", Text, nullable=False),
        Column("record_id", Text, nullable=False),
        Column("version", Text, nullable=False),
        Column("at", Text, nullable=False),
        PrimaryKeyConstraint("dataset", "key"),
    )
