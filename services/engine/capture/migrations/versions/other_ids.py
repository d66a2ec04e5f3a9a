"""Revision 0003: the other ids of records, while one pseudonym key follows another; run by Alembic alone."""

import sqlalchemy as sa
from alembic import op

from services.engine.capture.tables import place

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    prefix, schema = place(op.get_context().dialect.name)
    name = f"{prefix}alias"
    op.create_table(
        name,
        sa.Column("dataset", sa.Text, nullable=False),
        sa.Column("record_id", sa.Text, nullable=False),
        sa.Column("raw_key", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("dataset", "record_id"),
        schema=schema,
    )
    op.create_index(f"ix_{name}_raw_key", name, ["dataset", "raw_key"], schema=schema)


def downgrade() -> None:
    prefix, schema = place(op.get_context().dialect.name)
    op.drop_table(f"{prefix}alias", schema=schema)
