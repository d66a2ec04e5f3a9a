"""The engine's tables through time: Alembic's scripts, run by `attach` on a connection of its own."""
