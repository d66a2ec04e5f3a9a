"""The source port over SQLite and PostgreSQL."""
