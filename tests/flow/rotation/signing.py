"""Two real departments, a gateway and a broker whose events are signed, the commands by which each of their keys is
followed by another, and a program that writes meanwhile; for the drills of this folder."""

import asyncio
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from threading import Event as Signal
from threading import Thread
from typing import Any

import orjson

from schemas.trust import signed
from schemas.trust.registry import Registry, from_document
from schemas.trust.signed_events import Published
from schemas.wire.event import from_kafka
from services.cli.world.plan import DIVISION, DepartmentPlan, WorldPlan
from services.cli.world.processes import free_ports
from services.cli.world.trust import make_trust
from services.cli.world.world import World
from services.client.bridge import Bridge
from services.client.profile import Profile
from services.engine.synthetic.population import Size
from tests.brokers import EmbeddedBroker, messages_of
from tests.flow.events.shop import fold
from tests.services.cli.tool import run

#: What is written under way: a dataset, its topic, and its table as the department's programs know it.
LISTINGS = "market_regulation.abnormal_listings"
_TOPIC = f"demo.{DIVISION}.{LISTINGS}.v1.shared"
_TABLE = "dw_zj_scjdgl_jyycmlxx"
_ALL = {"select": "listing_id,listed_because", "limit": 10_000}
#: The link that joins the two departments.
ENDS = ("market_regulation.legal_representatives.id_number", "public_security.residents.id_number")
#: Longer than a registry takes to a node on a machine that is busy; and how long the old keys are good for after that.
_LEAD, _OVERLAP_SECONDS = 5, 4


class SigningWorld(World):
    """See `World`."""

    def department_environment(self, one: DepartmentPlan) -> dict[str, str]:
        further = {"LANGQIAO_SIGN_EVENTS": "true", "LANGQIAO_LOG_CHECKPOINT_SECONDS": "1"}
        return super().department_environment(one) | further


@dataclass
class Town:
    """The running world, and its authority's desk; `authority` is the key that signs the registry now."""

    world: SigningWorld
    authority: Path
    written: int = 0

    @property
    def plan(self) -> WorldPlan:
        return self.world.plan

    @property
    def profile(self) -> Profile:
        return Profile.load(self.plan.profiles / "approvals.json")

    @property
    def registry(self) -> Registry:
        return from_document(signed.unchecked(self.plan.registry.read_text()))

    def rotate(self, system: str, key: Path) -> None:
        told = ("--registry", str(self.plan.registry), "--authority", str(self.authority))
        succeeds("keys", "rotate", system, "--key", str(key), *told, *_times(3_600))
        self.publish()

    def link(self) -> None:
        into = [word for one in self.plan.departments for word in ("--into", str(one.link_keys))]
        succeeds("keys", "link", *ENDS, *into, *_times(3_600))

    def hand_over(self) -> None:
        """The authority's key: the one in use says so, and the next one signs what follows."""
        folder, document = self.authority.parent, self.plan.trust / "registry.json"
        succeeds("keys", "new", "--out", str(folder), "--name", "next")
        document.write_text(succeeds("registry", "show", str(self.plan.registry)))
        told, following = ("--out", str(self.plan.registry)), folder / "next.key.pem"
        overlap = ("--overlap", str(_OVERLAP_SECONDS / 86_400))
        keys = ("--key", str(self.authority), "--next", str(following))
        succeeds("registry", "rotate", str(document), *keys, *told, *overlap)
        self.publish()
        self.authority = following
        said = orjson.loads(document.read_bytes())
        said |= {"number": said["number"] + 1, "issued": datetime.now(UTC).isoformat()}
        document.write_bytes(orjson.dumps(said))
        succeeds("registry", "sign", str(document), "--key", str(following), *told)
        self.publish()

    def publish(self) -> None:
        succeeds("registry", "publish", str(self.plan.registry), "--gateway", self.plan.gateway_url)

    def ended(self, *systems: str) -> bool:
        """Whether one key of each is over, and another stands."""
        now, known = datetime.now(UTC), self.registry
        held = [{known.key(key_id, now) is None for key_id in known.members[one].keys} for one in systems]
        return all(one == {True, False} for one in held)

    @contextmanager
    def writing(self) -> Iterator[None]:
        """A program that knows nothing of us creates, changes and deletes listings, until the block ends."""
        enough = Signal()
        thread = Thread(target=self._write_on, args=(enough,), daemon=True)
        thread.start()
        try:
            yield
        finally:
            enough.set()
            thread.join()

    def shown(self) -> dict[str, str | None]:
        """What the department answers, by listing."""
        with Bridge(self.profile, base_url=self.plan.departments[0].url) as bridge:
            return {one["listing_id"]: one["listed_because"] for one in bridge.ask(LISTINGS, _ALL).data}

    def messages(self) -> list[Any]:
        broker = EmbeddedBroker(self.plan.logs, self.plan.broker_port)
        return asyncio.run(messages_of(broker, _TOPIC))

    def told(self) -> dict[str, str | None]:
        """What a subscriber has."""
        folded = fold([from_kafka(one.key, one.value, one.headers) for one in self.messages()])
        return {data["listing_id"]: data["listed_because"] for data in folded.values() if data is not None}

    def _write_on(self, enough: Signal) -> None:
        path = self.plan.departments[0].database_url.removeprefix("sqlite:///")
        with closing(sqlite3.connect(path, timeout=10, isolation_level=None)) as program:
            while not enough.wait(0.02):
                self.written += 1
                number = self.written
                program.execute(
                    f"INSERT INTO {_TABLE} (busexclist_id, uni_social_crd_cd, inclu_dt, inclu_reason)"
                    " VALUES (?, '91330100MA0TEXT128', '2026-1-2', 'new')",
                    (f"~{number}",),
                )
                program.execute(
                    f"UPDATE {_TABLE} SET inclu_reason = inclu_reason || '*' WHERE busexclist_id = ?",
                    (f"~{number // 2}",),
                )
                if number % 3 == 0:
                    program.execute(f"DELETE FROM {_TABLE} WHERE busexclist_id = ?", (f"~{number - 2}",))


def published(message: Any) -> Published:
    """A message as whoever checks its signature reads it."""
    return Published(message.topic, message.key, message.value, message.headers)


@contextmanager
def running_town(folder: Path) -> Iterator[Town]:
    """A fresh one; everything ends with the block."""
    kinds = ("market_regulation", "public_security")
    gateway, broker, *ports = free_ports(2 + len(kinds))
    departments = []
    for kind, port in zip(kinds, ports, strict=True):
        (folder / kind).mkdir()
        url = f"sqlite:///{folder / kind / 'records.sqlite'}"
        departments.append(DepartmentPlan(kind, port, folder / kind, url))
    plan = WorldPlan(folder, Size().scaled(0.05), gateway, broker, tuple(departments))
    plan.logs.mkdir()
    world = SigningWorld(plan, make_trust(plan))
    try:
        world.start_all(lambda step, done, total: None)
        yield Town(world, plan.authority_key)
    finally:
        world.stop()


def succeeds(*arguments: str) -> str:
    """What the tool says that ends well."""
    ended = run(*arguments)
    assert ended.exit_code == 0, ended.output
    return ended.output


def _times(seconds: int) -> tuple[str, ...]:
    """For a command that takes its overlap in units of so many seconds."""
    return "--lead", str(_LEAD), "--overlap", str(_OVERLAP_SECONDS / seconds)
