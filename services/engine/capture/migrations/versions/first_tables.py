"""Revision 0001: record, outbox, dirty, lease, state and idempotency; run by Alembic alone."""

import sqlalchemy as sa
from alembic import op

from services.engine.capture.tables import SQLITE, place

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    prefix, schema = place(op.get_context().dialect.name)
    _record(f"{prefix}record", schema)
    _outbox(f"{prefix}outbox", schema)
    op.create_table(
        f"{prefix}dirty",
        sa.Column("dataset", sa.Text, nullable=False),
        sa.Column("raw_key", sa.Text, nullable=False),
        sa.Column("at", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("dataset", "raw_key"),
        schema=schema,
    )
    op.create_table(
        f"{prefix}lease",
        sa.Column("name", sa.Text, primary_key=True),
        sa.Column("holder", sa.Text, nullable=False),
        sa.Column("fence", sa.BigInteger, nullable=False),
        sa.Column("until", sa.Float, nullable=False),
        schema=schema,
    )
    op.create_table(
        f"{prefix}state",
        sa.Column("name", sa.Text, primary_key=True),
        sa.Column("value", sa.Text, nullable=False),
        schema=schema,
    )
    _idempotency(f"{prefix}idempotency", schema)


def downgrade() -> None:
    prefix, schema = place(op.get_context().dialect.name)
    for name in ("idempotency", "state", "lease", "dirty", "outbox", "record"):
        op.drop_table(f"{prefix}{name}", schema=schema)


def _record(name: str, schema: str | None) -> None:
    op.create_table(
        name,
        sa.Column("dataset", sa.Text, nullable=False),
        sa.Column("raw_key", sa.Text, nullable=False),
        sa.Column("epoch", sa.Integer, nullable=False),
        sa.Column("version", sa.BigInteger, nullable=False),
        sa.Column("deleted", sa.Boolean, nullable=False),
        sa.Column("pseudonym", sa.Text),
        sa.Column("hash", sa.Text),
        sa.PrimaryKeyConstraint("dataset", "raw_key"),
        schema=schema,
    )
    op.create_index(f"ix_{name}_pseudonym", name, ["dataset", "pseudonym"], schema=schema)
    _partial_index(f"ix_{name}_nameless", name, ["dataset"], schema, "pseudonym IS NULL")


def _outbox(name: str, schema: str | None) -> None:
    op.create_table(
        name,
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer(), SQLITE),
            sa.Identity(cache=1),
            primary_key=True,
        ),
        sa.Column("dataset", sa.Text, nullable=False),
        sa.Column("raw_key", sa.Text, nullable=False),
        sa.Column("epoch", sa.Integer, nullable=False),
        sa.Column("version", sa.BigInteger, nullable=False),
        sa.Column("op", sa.Text, nullable=False),
        sa.Column("old", sa.Text),
        sa.Column("new", sa.Text),
        sa.Column("at", sa.Text, nullable=False),
        sa.Column("sequence", sa.BigInteger),
        sa.Column("parked_because", sa.Text),
        sa.Column("sent_at", sa.Float),
        schema=schema,
        sqlite_autoincrement=True,
    )
    waiting = "sent_at IS NULL AND parked_because IS NULL"
    _partial_index(f"ix_{name}_waiting", name, ["id"], schema, waiting)
    _partial_index(f"ix_{name}_parked", name, ["dataset", "raw_key"], schema, "parked_because IS NOT NULL")
    if schema is not None:
        # Every row is updated once and deleted soon: the default of a fifth of the table would leave too many dead.
        op.execute(
            f"ALTER TABLE {schema}.{name} SET"
            " (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 2000)"
        )


def _idempotency(name: str, schema: str | None) -> None:
    op.create_table(
        name,
        sa.Column("dataset", sa.Text, nullable=False),
        sa.Column("key", sa.Text, nullable=False),
        sa.Column("digest", sa.Text, nullable=False),
        sa.Column("record_id", sa.Text, nullable=False),
        sa.Column("version", sa.Text, nullable=False),
        sa.Column("at", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("dataset", "key"),
        schema=schema,
    )


def _partial_index(name: str, table: str, columns: list[str], schema: str | None, where: str) -> None:
    condition = sa.text(where)
    op.create_index(name, table, columns, schema=schema, postgresql_where=condition, sqlite_where=condition)
