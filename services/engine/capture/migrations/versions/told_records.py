"""Revision 0002: what each audience was last told of a record, in place of each change's old row; run by Alembic alone.

SQLite's triggers name the columns that go, so they go first; attach then finds that capture had a gap. On PostgreSQL
whoever writes before attach has replaced them leaves a mark.
"""

import sqlalchemy as sa
from alembic import op

from services.engine.capture.tables import SQLITE, place

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    dialect = op.get_context().dialect.name
    prefix, schema = place(dialect)
    if dialect == SQLITE:
        _drop_triggers(prefix)
    else:
        op.execute(f"DROP FUNCTION IF EXISTS {schema}.note_change(text, text, text, jsonb, jsonb)")
    outbox = f"{prefix}outbox"
    op.create_table(
        f"{prefix}told",
        sa.Column("dataset", sa.Text, nullable=False),
        sa.Column("raw_key", sa.Text, nullable=False),
        sa.Column("digests", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("dataset", "raw_key"),
        schema=schema,
    )
    op.drop_column(f"{prefix}record", "hash", schema=schema)
    op.drop_column(outbox, "old", schema=schema)
    op.add_column(outbox, sa.Column("tx", sa.BigInteger), schema=schema)
    op.add_column(outbox, sa.Column("told", sa.Text), schema=schema)
    op.add_column(
        f"{prefix}dirty",
        sa.Column("forced", sa.Boolean, nullable=False, server_default=sa.false()),
        schema=schema,
    )
    op.drop_index(f"ix_{outbox}_parked", outbox, schema=schema)
    _partial_index(f"ix_{outbox}_unsent", outbox, ["dataset", "raw_key", "id"], schema, "sent_at IS NULL")
    _partial_index(
        f"ix_{outbox}_aside", outbox, ["parked_because", "id"], schema, "parked_because IS NOT NULL"
    )
    _partial_index(f"ix_{outbox}_deletes", outbox, ["dataset", "id"], schema, "op = 'd' AND sent_at IS NULL")


def downgrade() -> None:
    """The columns come back empty: what changes told before stays told."""
    dialect = op.get_context().dialect.name
    prefix, schema = place(dialect)
    if dialect == SQLITE:
        _drop_triggers(prefix)
    outbox = f"{prefix}outbox"
    for name in ("deletes", "aside", "unsent"):
        op.drop_index(f"ix_{outbox}_{name}", outbox, schema=schema)
    for table, column in ((outbox, "tx"), (outbox, "told"), (f"{prefix}dirty", "forced")):
        op.drop_column(table, column, schema=schema)
    op.add_column(outbox, sa.Column("old", sa.Text), schema=schema)
    op.add_column(f"{prefix}record", sa.Column("hash", sa.Text), schema=schema)
    op.drop_table(f"{prefix}told", schema=schema)
    _partial_index(
        f"ix_{outbox}_parked", outbox, ["dataset", "raw_key"], schema, "parked_because IS NOT NULL"
    )


def _drop_triggers(prefix: str) -> None:
    found = op.get_bind().exec_driver_sql(
        f"SELECT name FROM sqlite_master WHERE type = 'trigger' AND name GLOB '{prefix}*'"
    )
    for name in found.scalars().all():
        op.execute(f'DROP TRIGGER "{name}"')


def _partial_index(name: str, table: str, columns: list[str], schema: str | None, where: str) -> None:
    condition = sa.text(where)
    op.create_index(name, table, columns, schema=schema, postgresql_where=condition, sqlite_where=condition)
