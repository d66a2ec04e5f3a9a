"""One department's service and a gateway over it, as real processes without a broker; for stories of this folder that
change what such processes stand on while they run."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import orjson

from services.cli.world.forking import start_tool
from services.cli.world.plan import DIVISION, DepartmentPlan, WorldPlan
from services.cli.world.processes import free_ports, stop_all
from services.cli.world.seeding import seed
from services.cli.world.trust import make_trust
from services.cli.world.world import World
from services.client.bridge import Bridge, Refused
from services.client.profile import Profile
from services.engine.synthetic.population import Size
from tests.waiting import until_sync

KIND = "credit"
DATASET, QUESTION = "credit.penalties", {"select": "case_name", "limit": 1}
_PATIENCE = 60.0


@dataclass(frozen=True)
class Pair:
    """Where the two are, and what they stand on; not running yet."""

    plan: WorldPlan
    authority: dict[str, str]

    @property
    def department(self) -> DepartmentPlan:
        return self.plan.departments[0]

    @property
    def profile(self) -> Profile:
        return Profile.load(self.plan.profiles / "approvals.json")

    @contextmanager
    def running(
        self, serving: Mapping[str, str], federating: Mapping[str, str], ready: Profile, scheme: str = "http"
    ) -> Iterator[None]:
        """Both with further settings, until the block ends; `ready` is who finds out whether they are."""
        node, gateway = (
            f"{scheme}://127.0.0.1:{port}" for port in (self.department.port, self.plan.gateway_port)
        )
        own = World(self.plan, self.authority).department_environment(self.department)
        settings = {
            "LANGQIAO_GATEWAY_NODES": orjson.dumps([node]).decode(),
            "LANGQIAO_GATEWAY_PORT": str(self.plan.gateway_port),
            "LANGQIAO_GATEWAY_DIVISION": DIVISION,
            "LANGQIAO_GATEWAY_AUTHORITY_KEYS": orjson.dumps(self.authority).decode(),
            "LANGQIAO_GATEWAY_REGISTRY_FILE": str(self.plan.gateway_registry),
            "LANGQIAO_GATEWAY_KEY_FILE": str(self.plan.gateway_key),
            "LANGQIAO_GATEWAY_REFRESH_SECONDS": "1",
        }
        serve = ["department", "serve", KIND]
        logs = self.plan.logs
        children = [
            start_tool("node", serve, logs, {**own, "LANGQIAO_WITNESSES": "[]", **serving}),
            start_tool("gateway", ["gateway", "serve"], logs, {**settings, **federating}),
        ]
        try:
            for address in (node, gateway):
                until_sync(lambda address=address: _answers(ready, address), _PATIENCE, f"{address} is ready")  # type: ignore[misc]
            yield
        finally:
            stop_all(children)


def make_pair(folder: Path) -> Pair:
    """A pair with records, keys, registry and grants of its own."""
    gateway, node = free_ports(2)
    department = DepartmentPlan(KIND, node, folder / KIND, f"sqlite:///{folder / 'records.sqlite'}")
    plan = WorldPlan(folder, Size().scaled(0.01), gateway, 0, (department,))
    plan.logs.mkdir()
    pair = Pair(plan, make_trust(plan))
    seed(KIND, department.database_url, plan.size)
    return pair


def asked(profile: Profile, address: str) -> bool:
    """Whether a record comes from a node or gateway that is ready."""
    with Bridge(profile, base_url=address) as bridge:
        return bridge.get("/health")["ready"] is True and len(bridge.ask(DATASET, QUESTION).data) == 1


def _answers(profile: Profile, address: str) -> bool:
    try:
        return asked(profile, address)
    except (httpx.TransportError, Refused):
        return False
