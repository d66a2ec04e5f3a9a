"""Apache Kafka for the live tier: its jars by Maven, one node in KRaft mode on loopback, behind TLS and an access list;
used by `tests.brokers`."""

import base64
import shutil
import subprocess
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from ssl import SSLContext
from typing import Any

from schemas.derived.acls import Right
from services.cli.world.processes import Child, free_ports, listening, start, stop_all, wait_until
from services.directory.acls import Difference, carry_out, open_admin
from tests import workshop
from tests.certificates import Authority, Identity, Vouching

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
_READY_SECONDS = 120.0
#: The relay of the department that the suites run.
_WORKSHOP = f"{workshop.DIVISION}.{workshop.KIND}"
#: Little memory, and no work on being fast for days: a start takes half the time.
_JAVA = ["java", "-Xmx512m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"]
#: Sixteen bytes, as Kafka writes them; each test's cluster is alone in its folder.
_CLUSTER = base64.urlsafe_b64encode(b"langqiao-testing").rstrip(b"=").decode()
#: Whose certificates may do everything: the broker itself, and the operator.
_BROKER, _OPERATOR = "broker", "operator"
#: The suites make topics as they go, each in an environment of its own, which begins with one of these.
_ENVIRONMENTS = ("test", "seam", "crash")
#: What the workshop's relay may do in them: all that a relay needs that makes its topics itself.
_RELAY_MAY = ("create", "alter", "read", "write")


@dataclass
class ApacheKafka:
    """See `tests.brokers.Broker`. It keeps its ports over its lives.

    Who shows a certificate of its authority is the name in it; at `open_bootstrap` nobody shows one.
    """

    folder: Path
    ports: tuple[int, int, int] = field(default_factory=lambda: _three(free_ports(3)))
    child: Child | None = None

    @property
    def bootstrap(self) -> str:
        return f"127.0.0.1:{self.ports[0]}"

    @property
    def open_bootstrap(self) -> str:
        return f"127.0.0.1:{self.ports[1]}"

    @cached_property
    def authority(self) -> Vouching:
        return Authority(self.folder / "certificates")

    @cached_property
    def operator(self) -> Identity:
        return self.authority.identity(_OPERATOR)

    @cached_property
    def security(self) -> SSLContext:
        return self.operator.security

    @cached_property
    def settings(self) -> dict[str, Any]:
        return self.settings_of(_WORKSHOP)

    def settings_of(self, department: str) -> dict[str, Any]:
        return {"bootstrap_servers": self.bootstrap, **self.authority.identity(department).settings}

    @property
    def operator_settings(self) -> dict[str, Any]:
        return {"bootstrap_servers": self.bootstrap, **self.operator.settings}

    def start(self) -> None:
        fresh = not self._data.exists()
        settings = self.folder / "server.properties"
        if fresh:
            identity = self._keystore(self.authority.identity(_BROKER))
            settings.write_text(_settings(self.ports, self._data, self.authority.ca, identity))
            _format(settings)
        command = [*_JAVA, "-cp", _classpath(), "kafka.Kafka", str(settings)]
        self.child = start("kafka", command, self.folder)
        wait_until(lambda: listening(self.ports[0]), self.child, _READY_SECONDS)
        if fresh:
            self._admit_the_workshop()

    def stop(self) -> None:
        if self.child is not None:
            stop_all([self.child])

    def kill(self) -> None:
        assert self.child is not None
        self.child.kill()

    def wipe(self) -> None:
        shutil.rmtree(self._data)

    def _admit_the_workshop(self) -> None:
        admin = open_admin(self.bootstrap, self.operator.ca, self.operator.certificate, self.operator.key)
        may = [
            Right("topic", environment, "prefixed", _WORKSHOP, deed)
            for environment in _ENVIRONMENTS
            for deed in _RELAY_MAY
        ]
        carry_out(admin, Difference(added=may, removed=[]))

    def _keystore(self, identity: Identity) -> Path:
        """Key and certificate in one file, as Kafka reads PEM."""
        store = self.folder / "broker.pem"
        store.write_bytes(identity.key.read_bytes() + identity.certificate.read_bytes())
        return store

    @property
    def _data(self) -> Path:
        return self.folder / "data"


def _three(ports: list[int]) -> tuple[int, int, int]:
    return ports[0], ports[1], ports[2]


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


def _format(settings: Path) -> None:
    command = [*_JAVA, "-cp", _classpath(), "kafka.tools.StorageTool", "format", "--standalone"]
    subprocess.run(
        [*command, "-t", _CLUSTER, "-c", str(settings)], check=True, timeout=120, capture_output=True
    )


def _settings(ports: tuple[int, int, int], data: Path, ca: Path, keystore: Path) -> str:
    """One node that is broker and controller; topics are made by whoever means it, and may."""
    client, without_certificate, controller = ports
    clients = f"CLIENTS://127.0.0.1:{client},OPEN://127.0.0.1:{without_certificate}"
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
        "listeners": f"{clients},CONTROLLER://127.0.0.1:{controller}",
        "advertised.listeners": clients,
        "controller.listener.names": "CONTROLLER",
        "inter.broker.listener.name": "CLIENTS",
        "listener.security.protocol.map": "CONTROLLER:SSL,CLIENTS:SSL,OPEN:SSL",
        "ssl.keystore.type": "PEM",
        "ssl.keystore.location": str(keystore),
        "ssl.truststore.type": "PEM",
        "ssl.truststore.location": str(ca),
        "ssl.client.auth": "required",
        "listener.name.open.ssl.client.auth": "none",
        "ssl.principal.mapping.rules": "RULE:^CN=(.*)$/$1/",
        "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
        "super.users": f"User:{_BROKER};User:{_OPERATOR}",
        "log.dirs": str(data),
        "group.initial.rebalance.delay.ms": "0",
        "auto.create.topics.enable": "false",
        # A killed broker must come back at once, also when its own session still seems alive.
        "broker.session.timeout.ms": "3000",
        **dict.fromkeys(alone, "1"),
    }
    return "".join(f"{name}={value}\n" for name, value in lines.items())
