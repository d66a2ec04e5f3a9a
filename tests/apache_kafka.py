"""Apache Kafka for the live tier: its jars by Maven, one node in KRaft mode on loopback; used by `tests.brokers`."""

import shutil
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

from services.cli.world.processes import Child, free_ports, listening, start, stop_all, wait_until

_VERSION = "4.3.1"
_LOGGER_VERSION = "1.7.36"
#: Kept between runs; `make clean` takes it away.
_JARS = Path(__file__).parent.parent / "build" / f"kafka-{_VERSION}"
_PROJECT = f"""<project>
  <modelVersion>4.0.0</modelVersion>
  <groupId>langqiao</groupId><artifactId>kafka-for-tests</artifactId><version>1</version>
  <dependencies>
    <dependency>
      <groupId>org.apache.kafka</groupId><artifactId>kafka_2.13</artifactId><version>{_VERSION}</version>
    </dependency>
    <dependency>
      <groupId>org.slf4j</groupId><artifactId>slf4j-simple</artifactId><version>{_LOGGER_VERSION}</version>
    </dependency>
  </dependencies>
</project>
"""
_READY_SECONDS = 60.0
_HEAP = "-Xmx512m"


@dataclass
class ApacheKafka:
    """See `tests.brokers.Broker`. It keeps its ports over its lives."""

    folder: Path
    ports: tuple[int, int] = field(default_factory=lambda: _two(free_ports(2)))
    child: Child | None = None

    @property
    def bootstrap(self) -> str:
        return f"127.0.0.1:{self.ports[0]}"

    def start(self) -> None:
        settings = self.folder / "server.properties"
        if not self._data.exists():
            settings.write_text(_settings(self.ports, self._data))
            cluster = _tool("kafka.tools.StorageTool", "random-uuid").split()[-1]
            _tool("kafka.tools.StorageTool", "format", "--standalone", "-t", cluster, "-c", str(settings))
        command = ["java", _HEAP, "-cp", _classpath(), "kafka.Kafka", str(settings)]
        self.child = start("kafka", command, self.folder)
        wait_until(lambda: listening(self.ports[0]), self.child, _READY_SECONDS)

    def stop(self) -> None:
        if self.child is not None:
            stop_all([self.child])

    def kill(self) -> None:
        assert self.child is not None
        self.child.kill()

    def wipe(self) -> None:
        shutil.rmtree(self._data)

    @property
    def _data(self) -> Path:
        return self.folder / "data"


def _two(ports: list[int]) -> tuple[int, int]:
    return ports[0], ports[1]


def _classpath() -> str:
    """The jars, fetched when they are not there yet."""
    if not (_JARS / "complete").exists():
        _JARS.mkdir(parents=True, exist_ok=True)
        project = _JARS / "pom.xml"
        project.write_text(_PROJECT)
        copy = [
            "mvn",
            "-q",
            "-B",
            "-f",
            str(project),
            "dependency:copy-dependencies",
            f"-DoutputDirectory={_JARS}",
        ]
        subprocess.run(copy, check=True, timeout=600)
        (_JARS / "complete").touch()
    return f"{_JARS}/*"


def _tool(*arguments: str) -> str:
    command = ["java", _HEAP, "-cp", _classpath(), *arguments]
    return subprocess.run(command, check=True, timeout=120, capture_output=True, text=True).stdout


def _settings(ports: tuple[int, int], data: Path) -> str:
    """One node that is broker and controller; topics are made by whoever means it."""
    client, controller = ports
    alone = (
        "offsets.topic.replication.factor",
        "transaction.state.log.replication.factor",
        "transaction.state.log.min.isr",
        "share.coordinator.state.topic.replication.factor",
        "share.coordinator.state.topic.min.isr",
    )
    lines = {
        "process.roles": "broker,controller",
        "node.id": "1",
        "controller.quorum.bootstrap.servers": f"127.0.0.1:{controller}",
        "listeners": f"PLAINTEXT://127.0.0.1:{client},CONTROLLER://127.0.0.1:{controller}",
        "advertised.listeners": f"PLAINTEXT://127.0.0.1:{client}",
        "controller.listener.names": "CONTROLLER",
        "listener.security.protocol.map": "CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT",
        "log.dirs": str(data),
        "group.initial.rebalance.delay.ms": "0",
        "auto.create.topics.enable": "false",
        # A killed broker must come back at once, also when its own session still seems alive.
        "broker.session.timeout.ms": "3000",
        **dict.fromkeys(alone, "1"),
    }
    return "".join(f"{name}={value}\n" for name, value in lines.items())
