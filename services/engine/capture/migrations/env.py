"""Alembic's way in: runs the scripts in the transaction and on the connection that `attach` hands over."""

from alembic import context

from services.engine.capture.tables import engine_tables, place

connection = context.config.attributes["connection"]
prefix, schema = place(connection.dialect.name)
context.configure(
    connection=connection,
    target_metadata=engine_tables(connection.dialect.name).metadata,
    version_table=f"{prefix}alembic_version",
    version_table_schema=schema,
)
with context.begin_transaction():
    context.run_migrations()
