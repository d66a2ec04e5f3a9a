"""What the events' measurements stand on: PostgreSQL and Apache Kafka on loopback, in plain text, and one table of one
department; used by `sides` and `measures`."""

import os
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asyncpg

from services.cli.world.processes import Child, free_ports, listening, start, stop_all, wait_until
from services.engine.settings import Settings
from services.engine.source.sql.ddl import create_tables
from tests import apache_kafka, workshop
from tests.postgresql_server import Server

#: One major: three audiences, so three events for each change.
MAPPINGS = workshop.MAPPINGS[:1]
TABLE = MAPPINGS[0].table.name
_READY_SECONDS = 120.0

Connection = Any


@dataclass
class Ground:
    """One database and one broker. Each measurement has topics in an environment of its own."""

    folder: Path
    server: Server
    bootstrap: str
    broker: Child
    environments: int = 0

    @property
    def url(self) -> str:
        return self.server.url()

    @asynccontextmanager
    async def connected(self) -> AsyncIterator[Connection]:
        connection = await asyncpg.connect(self.url)
        try:
            yield connection
        finally:
            await connection.close()

    def cpu(self) -> dict[str, float]:
        """CPU-seconds of both servers so far, with all their processes."""
        assert self.server.child is not None
        servers = {"PostgreSQL": self.server.child, "the broker": self.broker}
        return {name: _with_children(child.process.pid) for name, child in servers.items()}

    def settings(self) -> Settings:
        """Of a relay with topics that are new, and all defaults else."""
        self.environments += 1
        return Settings(
            kind=workshop.KIND,
            division=workshop.DIVISION,
            environment=f"bench{self.environments}",
            database_url=self.url,
            pseudonym_key_file=Path("pseudonym.key"),
            bootstrap_servers=self.bootstrap,
            create_topics=True,
        )

    async def fill(self, rows: int) -> None:
        """The table with so many rows, and nothing of ours beside it."""
        async with self.connected() as connection:
            await connection.execute("DROP SCHEMA IF EXISTS langqiao CASCADE")
            await connection.execute(f"DROP TABLE IF EXISTS {TABLE}")
        await create_tables(self.url, MAPPINGS)
        async with self.connected() as connection:
            await connection.execute(
                f"INSERT INTO {TABLE} (no, nm, made, holder, remark, price) SELECT 'T' || n, '工具' || n,"
                f" '2020-6-18', '张三', 'r', 12.50 FROM generate_series(1, {rows}) n"
            )
            await connection.execute(f"VACUUM ANALYZE {TABLE}")


@contextmanager
def ground() -> Iterator[Ground]:
    """Both servers, ended with the block. Their folder is one to which the database's own user has a way."""
    folder = Path(tempfile.mkdtemp(prefix="langqiao-bench-"))
    folder.chmod(0o755)
    database, client, controller = free_ports(3)
    server = Server(folder, "postgresql", database)
    broker: Child | None = None
    try:
        server.make(wal_level="logical", fsync="on", shared_buffers="256MB", max_wal_size="4GB")
        server.start()
        broker = _kafka(folder, client, controller)
        yield Ground(folder, server, f"127.0.0.1:{client}", broker)
    finally:
        stop_all([broker] if broker else [])
        server.stop()
        shutil.rmtree(folder)


def _kafka(folder: Path, client: int, controller: int) -> Child:
    settings = folder / "kafka.properties"
    lines = {
        "process.roles": "broker,controller",
        "node.id": "1",
        "controller.quorum.bootstrap.servers": f"127.0.0.1:{controller}",
        "listeners": f"CLIENTS://127.0.0.1:{client},CONTROLLER://127.0.0.1:{controller}",
        "advertised.listeners": f"CLIENTS://127.0.0.1:{client}",
        "controller.listener.names": "CONTROLLER",
        "inter.broker.listener.name": "CLIENTS",
        "listener.security.protocol.map": "CONTROLLER:PLAINTEXT,CLIENTS:PLAINTEXT",
        "log.dirs": str(folder / "kafka"),
        "auto.create.topics.enable": "false",
    }
    settings.write_text("".join(f"{name}={value}\n" for name, value in lines.items()))
    apache_kafka._format(settings)
    command = ["java", "-Xmx512m", "-cp", apache_kafka._classpath(), "kafka.Kafka", str(settings)]
    child = start("kafka", command, folder)
    wait_until(lambda: listening(client), child, _READY_SECONDS)
    return child


def _with_children(pid: int) -> float:
    """CPU-seconds of a process and of all below it, those that ended included."""
    parents: dict[int, int] = {}
    ticks: dict[int, int] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            words = stat.read_text().rpartition(")")[2].split()
            parents[int(stat.parent.name)] = int(words[1])
            ticks[int(stat.parent.name)] = sum(map(int, words[11:15]))
    family = {pid}
    while grown := {one for one, parent in parents.items() if parent in family} - family:
        family |= grown
    return sum(ticks.get(one, 0) for one in family) / os.sysconf("SC_CLK_TCK")
