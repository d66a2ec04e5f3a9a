"""The engine's own tables beside a department's: read and written by capture, relay and source, migrated by Alembic."""

from dataclasses import dataclass
from functools import cache
from typing import Any

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
    false,
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

#: What an outbox row tells. CREATED, UPDATED and DELETED are changes; SNAPSHOT is a record as it was read, told to
#: every audience whatever it knows; RETRACTED a delete of a record that only a topic knows, whose raw key is then the
#: record id; CONTROL a control record.
CREATED, UPDATED, DELETED, SNAPSHOT, RETRACTED, CONTROL = "c", "u", "d", "s", "x", "k"


@dataclass(frozen=True, slots=True)
class EngineTables:
    """The tables as SQLAlchemy sees them; `dataset` is `<kind>.<name>`, `at` RFC 3339 UTC by the database's clock.

    record: one row per record: version, pseudonym (the record id; empty when the key cannot be read).
    outbox: one row per captured change; `tx` is PostgreSQL's transaction, `sequence` the feed's public number, `told`
    the channels that its events go to, `sent_at` when all was acknowledged, or there was nothing to say.
    told: what each audience was last told of a record, as a digest per channel; no row where nothing stands told.
    alias: the other ids of records, while one pseudonym key follows another.
    dirty: records to be read again; `forced` ones are told whatever the audiences know. lease: who relays.
    state: the engine's own facts by name. idempotency: the creates already done.
    """

    metadata: MetaData
    record: Table
    outbox: Table
    told: Table
    alias: Table
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
        _told(f"{prefix}told", metadata),
        _alias(f"{prefix}alias", metadata),
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
        PrimaryKeyConstraint("dataset", "raw_key"),
    )
    Index(f"ix_{name}_pseudonym", table.c.dataset, table.c.pseudonym)
    _some(f"ix_{name}_nameless", "pseudonym IS NULL", table.c.dataset)
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
        Column("new", Text),
        Column("at", Text, nullable=False),
        Column("tx", BigInteger),
        Column("sequence", BigInteger),
        Column("told", Text),
        Column("parked_because", Text),
        Column("sent_at", Float),
        sqlite_autoincrement=True,
    )
    row = table.c
    _some(f"ix_{name}_waiting", "sent_at IS NULL AND parked_because IS NULL", row.id)
    _some(f"ix_{name}_unsent", "sent_at IS NULL", row.dataset, row.raw_key, row.id)
    _some(f"ix_{name}_aside", "parked_because IS NOT NULL", row.parked_because, row.id)
    _some(f"ix_{name}_deletes", "op = 'd' AND sent_at IS NULL", row.dataset, row.id)
    return table


def _some(name: str, where: str, *columns: Column[Any]) -> None:
    """An index of some rows."""
    Index(name, *columns, postgresql_where=text(where), sqlite_where=text(where))


def _told(name: str, metadata: MetaData) -> Table:
    return Table(
        name,
        metadata,
        Column("dataset", Text, nullable=False),
        Column("raw_key", Text, nullable=False),
        Column("digests", Text, nullable=False),
        PrimaryKeyConstraint("dataset", "raw_key"),
    )


def _alias(name: str, metadata: MetaData) -> Table:
    table = Table(
        name,
        metadata,
        Column("dataset", Text, nullable=False),
        Column("record_id", Text, nullable=False),
        Column("raw_key", Text, nullable=False),
        PrimaryKeyConstraint("dataset", "record_id"),
    )
    Index(f"ix_{name}_raw_key", table.c.dataset, table.c.raw_key)
    return table


def _dirty(name: str, metadata: MetaData) -> Table:
    return Table(
        name,
        metadata,
        Column("dataset", Text, nullable=False),
        Column("raw_key", Text, nullable=False),
        Column("at", Text, nullable=False),
        Column("forced", Boolean, nullable=False, server_default=false()),
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
