"""A small bridge as its operator knows it: two departments, three members, one grant; for the suites of this room."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

import orjson
from typer.testing import Result

from schemas.trust import keys, signed
from tests.brokers import Broker
from tests.services.cli.tool import run

PUBLISHER, NEIGHBOUR = "330200.taxation", "330200.credit"
HOLDER, MEMBER, STRANGER = "330200.approvals/window", "330200.archive/reader", "330200.nobody/reader"
DATASET = "taxation.arrears"

_numbers = count(1)


@dataclass
class Bridge:
    """Its settings and signed files, under an environment of its own."""

    folder: Path
    broker: Broker
    operator: dict[str, Any]
    environment: str = field(default_factory=lambda: f"bridge{next(_numbers)}")
    authority: keys.KeyPair = field(default_factory=keys.new_key)

    def __post_init__(self) -> None:
        self.admit(HOLDER, MEMBER)
        self.grant(HOLDER)

    def topic(self, audience: str, department: str = PUBLISHER, dataset: str = DATASET) -> str:
        return f"{self.environment}.{department.partition('.')[0]}.{dataset}.v1.{audience}"

    def admit(self, *systems: str) -> None:
        """The registry holds these systems and no others from now on."""
        key = keys.new_key().public_hex
        listed = [
            {"id": system.partition("/")[0], "system": system, "keys": {system: key}} for system in systems
        ]
        self._sign("registry", members=listed)

    def grant(self, *systems: str) -> None:
        """The publisher's grants are these systems' and no others' from now on."""
        until = (datetime.now(UTC) + timedelta(days=1)).isoformat()
        given = [
            {
                "id": f"G-{system}",
                "member": system.partition("/")[0],
                "dataset": DATASET,
                "items": ["balance"],
                "purpose": "核验",
                "not_before": "2026-01-01T00:00:00+08:00",
                "expires": until,
            }
            for system in systems
        ]
        self._sign("grants", grants=given)

    def langqiao(self, *arguments: str, **changed: object) -> Result:
        """The tool, with the operator's settings in its environment; `changed` are further ones."""
        return run(*arguments, environment=dict(self.settings(**changed)))

    def settings(self, **changed: object) -> dict[str, str]:
        """The operator's settings as an environment holds them."""
        said = {
            "departments": orjson.dumps([PUBLISHER, NEIGHBOUR]).decode(),
            "environment": self.environment,
            "replication_factor": 1,
            "registry_file": self.folder / "registry.jws",
            "grants_files": orjson.dumps({PUBLISHER: str(self.folder / "grants.jws")}).decode(),
            "authority_keys": orjson.dumps({self.authority.key_id: self.authority.public_hex}).decode(),
            **self.operator,
            **changed,
        }
        return {f"LANGQIAO_OPERATOR_{name.upper()}": str(value) for name, value in said.items()}

    def _sign(self, name: str, **listed: object) -> None:
        now = datetime.now(UTC)
        dates = {"issued": now.isoformat(), "expires": (now + timedelta(days=1)).isoformat()}
        document = {"number": 1, **dates, **listed}
        (self.folder / f"{name}.jws").write_text(signed.sign(document, self.authority))
