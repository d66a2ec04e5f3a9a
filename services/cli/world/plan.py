"""What a world is made of, as plain values: which departments, where files and ports are; used by `world`."""

from dataclasses import dataclass
from pathlib import Path

from services.engine.synthetic.population import Size

#: The city whose departments the demo runs.
DIVISION = "330200"
ENVIRONMENT = "demo"
#: The gateway's node id, and its name in the registry.
GATEWAY = f"{DIVISION}.gateway"
REGISTRAR = f"{DIVISION}.registrar"
#: The department that keeps requests and issues what came of them; a world without one has fixed grants.
OFFICE = "data_office"
_WITNESSES = 2
#: A member without any data of its own, which asks: the approval service of the city.
ASKING_MEMBER = f"{DIVISION}.approvals"
#: A member that identifies persons, and asks for them what was asked about them.
CITIZEN_SERVICES = f"{DIVISION}.citizen_services"
#: The department whose register says who represents an enterprise.
ENTERPRISE_REGISTER = f"{DIVISION}.market_regulation"


@dataclass(frozen=True, slots=True)
class DepartmentPlan:
    """One department process pair: `kind`, its port, its folder and its database."""

    kind: str
    port: int
    folder: Path
    database_url: str

    @property
    def member(self) -> str:
        return f"{DIVISION}.{self.kind}"

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def grants(self) -> Path:
        """The signed grants that this department gave."""
        return self.folder / "grants.jws"

    @property
    def node_key(self) -> Path:
        """The key with which its service signs receipts and checkpoints."""
        return self.folder / "node.key.pem"

    @property
    def link_keys(self) -> Path:
        """The keys by which its join keys of personal items travel sealed."""
        return self.folder / "link-keys.json"

    @property
    def grants_key(self) -> Path:
        """The key with which it issues grants, where it is the office."""
        return self.folder / "grants.key.pem"

    @property
    def access_log(self) -> Path:
        """The folder of its access log."""
        return self.folder / "access-log"


@dataclass(frozen=True, slots=True)
class WorldPlan:
    """A whole world under one folder."""

    folder: Path
    size: Size
    gateway_port: int
    broker_port: int
    departments: tuple[DepartmentPlan, ...]

    @property
    def gateway_url(self) -> str:
        return f"http://127.0.0.1:{self.gateway_port}"

    @property
    def bootstrap(self) -> str:
        return f"127.0.0.1:{self.broker_port}"

    @property
    def logs(self) -> Path:
        return self.folder / "logs"

    @property
    def trust(self) -> Path:
        return self.folder / "trust"

    @property
    def registry(self) -> Path:
        """The signed member registry, which all share."""
        return self.trust / "registry.jws"

    @property
    def gateway_registry(self) -> Path:
        """The registry as the gateway holds it, from its first start on."""
        return self.trust / "gateway-registry.jws"

    @property
    def authority_key(self) -> Path:
        """The key that signs registry and grants; in a real bridge it is on a machine of its own."""
        return self.trust / "authority.key.pem"

    @property
    def registrar_key(self) -> Path:
        """The key that says at times that this registry is the newest."""
        return self.trust / "registrar.key.pem"

    @property
    def gateway_key(self) -> Path:
        """The key with which the gateway signs its calls."""
        return self.trust / "gateway.key.pem"

    @property
    def profiles(self) -> Path:
        return self.folder / "profiles"

    def witnesses(self, one: DepartmentPlan) -> list[str]:
        """The addresses of the two departments that hold the checkpoints of this one's access log: the office, which
        reads logs, is one of them."""
        at = self.departments.index(one)
        others = (*self.departments[at + 1 :], *self.departments[:at])
        first = sorted(others, key=lambda other: other.kind != OFFICE)
        return [other.url for other in first[:_WITNESSES]]

    @property
    def office(self) -> DepartmentPlan | None:
        return next((one for one in self.departments if one.kind == OFFICE), None)

    def department(self, kind: str) -> DepartmentPlan:
        return next(one for one in self.departments if one.kind == kind)
