"""A running world: starts every process in order, waits until each is ready, and ends them all."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import httpx
import orjson

from services.cli.world.broker import start_broker
from services.cli.world.databases import Database, database_urls
from services.cli.world.forking import start_tool
from services.cli.world.plan import DIVISION, ENVIRONMENT, DepartmentPlan, WorldPlan
from services.cli.world.processes import Child, free_ports, stop_all, wait_until
from services.cli.world.seeding import seed
from services.cli.world.trust import make_trust
from services.engine.synthetic.population import Size

_READY_SECONDS = 60

#: Told how far the start is: a step's name, how much of it is done, and how much there is.
Progress = Callable[[str, int, int], None]


class World:
    """The processes of one plan. `children` is by name: broker, gateway, registrar, <kind>, <kind>-relay."""

    def __init__(self, plan: WorldPlan, authority: dict[str, str]) -> None:
        self.plan = plan
        self.children: dict[str, Child] = {}
        self.authority = authority

    def start_all(self, progress: Progress) -> None:
        """Start the broker, each department as soon as it has its records, the gateway; returns when all are ready."""
        departments = self.plan.departments
        self.start_broker()
        for number, one in enumerate(departments):
            progress("records", number, len(departments))
            seed(one.kind, one.database_url, self.plan.size)
            self.launch_department(one.kind)
        progress("records", len(departments), len(departments))
        self._launch("gateway", ["gateway", "serve"], self._gateway_environment())
        for number, one in enumerate(departments):
            progress("services", number, len(departments) + 1)
            self.wait_ready(one.kind, one.url)
        self.wait_ready("gateway", self.plan.gateway_url)
        self._launch("registrar", self._confirming(), self.operator_environment())
        progress("services", len(departments) + 1, len(departments) + 1)

    def start_broker(self) -> None:
        self.children["broker"] = start_broker(self.plan.broker_port, self.plan.logs)

    def launch_department(self, kind: str) -> None:
        """Start a department's service and relay, without waiting."""
        environment = self.department_environment(self.plan.department(kind))
        self._launch(kind, ["department", "serve", kind], environment)
        if not self.alive(f"{kind}-relay"):
            self._launch(f"{kind}-relay", ["department", "relay", kind], environment)

    def wait_ready(self, name: str, url: str) -> None:
        """Wait until a service says that it is ready; StartFailed when it ends or takes too long."""
        with httpx.Client(trust_env=False, timeout=2.0) as http:
            wait_until(lambda: _is_ready(http, url), self.children[name], _READY_SECONDS)

    def alive(self, name: str) -> bool:
        return name in self.children and self.children[name].alive

    def stop(self) -> None:
        """End every process, the broker last, so that relays can finish what they send."""
        broker = self.children.get("broker")
        stop_all([child for child in self.children.values() if child is not broker])
        if broker is not None:
            stop_all([broker])

    def _launch(self, name: str, arguments: list[str], environment: dict[str, str]) -> None:
        self.children[name] = start_tool(name, arguments, self.plan.logs, environment)

    def department_environment(self, one: DepartmentPlan) -> dict[str, str]:
        return {
            "LANGQIAO_KIND": one.kind,
            "LANGQIAO_DIVISION": DIVISION,
            "LANGQIAO_ENVIRONMENT": ENVIRONMENT,
            "LANGQIAO_DATABASE_URL": one.database_url,
            "LANGQIAO_REGISTRY_FILE": str(self.plan.registry),
            "LANGQIAO_GRANTS_FILE": str(one.grants),
            "LANGQIAO_AUTHORITY_KEYS": orjson.dumps(self.authority).decode(),
            "LANGQIAO_PSEUDONYM_KEY_FILE": str(one.folder / "pseudonym.key"),
            "LANGQIAO_CURSOR_KEY_FILE": str(one.folder / "cursor.key"),
            "LANGQIAO_LOG_FOLDER": str(one.access_log),
            "LANGQIAO_NODE_KEY_FILE": str(one.node_key),
            "LANGQIAO_LINK_KEYS_FILE": str(one.link_keys),
            "LANGQIAO_WITNESSES": orjson.dumps(self.plan.witnesses(one)).decode(),
            # Cases are kept by nobody in this world, so none can be referred to.
            "LANGQIAO_REQUIRE_CASES": "false",
            # Nobody who tries evidence out wants to wait a minute for its time token.
            "LANGQIAO_LOG_CHECKPOINT_SECONDS": "5",
            "LANGQIAO_PORT": str(one.port),
            "LANGQIAO_BOOTSTRAP_SERVERS": self.plan.bootstrap,
            "LANGQIAO_CREATE_TOPICS": "true",
            **self._grants_environment(one),
        }

    def _grants_environment(self, one: DepartmentPlan) -> dict[str, str]:
        """Where its grants come from, in a world that has an office."""
        office = self.plan.office
        if office is None:
            return {}
        issuing = {
            "LANGQIAO_GRANTS_KEY_FILE": str(one.grants_key),
            "LANGQIAO_NODE_URLS": orjson.dumps(
                {one.member: one.url for one in self.plan.departments}
            ).decode(),
        }
        return {"LANGQIAO_GRANTS_FROM": office.url, **(issuing if one == office else {})}

    def _confirming(self) -> list[str]:
        """Each minute, that the registry is the newest: by the gateway and on the topic."""
        told = ["--gateway", self.plan.gateway_url, "--topic", "--every", "60"]
        return ["registry", "confirm", str(self.plan.registry), "--key", str(self.plan.registrar_key), *told]

    def operator_environment(self) -> dict[str, str]:
        """What the operator's commands are told of this world."""
        return {
            "LANGQIAO_OPERATOR_DEPARTMENTS": orjson.dumps(
                [one.member for one in self.plan.departments]
            ).decode(),
            "LANGQIAO_OPERATOR_ENVIRONMENT": ENVIRONMENT,
            "LANGQIAO_OPERATOR_BOOTSTRAP_SERVERS": self.plan.bootstrap,
            "LANGQIAO_OPERATOR_REPLICATION_FACTOR": "1",
        }

    def _gateway_environment(self) -> dict[str, str]:
        return {
            "LANGQIAO_GATEWAY_NODES": orjson.dumps([one.url for one in self.plan.departments]).decode(),
            "LANGQIAO_GATEWAY_NODE_IDS": orjson.dumps(
                {one.url: one.member for one in self.plan.departments}
            ).decode(),
            "LANGQIAO_GATEWAY_PORT": str(self.plan.gateway_port),
            "LANGQIAO_GATEWAY_DIVISION": DIVISION,
            # Here a node that is not known is a fault, not a department that happens to be away.
            "LANGQIAO_GATEWAY_START_PATIENCE_SECONDS": str(_READY_SECONDS),
            "LANGQIAO_GATEWAY_AUTHORITY_KEYS": orjson.dumps(self.authority).decode(),
            "LANGQIAO_GATEWAY_REGISTRY_FILE": str(self.plan.gateway_registry),
            "LANGQIAO_GATEWAY_KEY_FILE": str(self.plan.gateway_key),
            "LANGQIAO_GATEWAY_CURSOR_KEY_FILE": str(self.plan.trust / "gateway-cursor.key"),
        }


@contextmanager
def running_world(
    folder: Path,
    kinds: tuple[str, ...],
    *,
    size: Size,
    database: Database = Database.SQLITE,
    gateway_port: int = 0,
    progress: Progress = lambda step, done, total: None,
) -> Iterator[World]:
    """A fresh world under an empty folder, ready to be asked; everything ends with the block.

    The gateway listens on `gateway_port` where that is free, else on any other.
    """
    with ExitStack() as stack:
        folder.mkdir(parents=True, exist_ok=True)
        for name in (*kinds, "logs"):
            (folder / name).mkdir()
        ports = free_ports(2 + len(kinds), first=gateway_port)
        urls = database_urls(kinds, database, folder, folder / "logs", stack)
        departments = tuple(
            DepartmentPlan(kind, port, folder / kind, urls[kind])
            for kind, port in zip(kinds, ports[2:], strict=True)
        )
        plan = WorldPlan(folder, size, ports[0], ports[1], departments)
        world = World(plan, make_trust(plan))
        stack.callback(world.stop)
        world.start_all(progress)
        yield world


def _is_ready(http: httpx.Client, url: str) -> bool:
    try:
        return http.get(f"{url}/health").status_code == httpx.codes.OK
    except httpx.TransportError:
        return False
