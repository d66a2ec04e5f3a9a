"""A department's node with the systems that ask it, and the office that reads its access log; for `test_logs`,
`test_filers` and `test_version_gaps`."""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import orjson

from schemas.contracts.catalogue import Catalogue
from schemas.contracts.load import load_all
from schemas.trust import keys, registry, signed, token
from schemas.trust.entries import Act, Entry, Head, Line, read, write
from schemas.trust.statements import Checkpoint
from services.departments.data_office.asking import Asking, Complaint
from services.departments.data_office.logs import AtTheNodes
from services.engine.api.app import create_app
from services.engine.log.files import lines, segments
from services.engine.settings import Settings
from tests import registered
from tests.clock import Clock
from tests.messages import Messages
from tests.services.engine.api import office
from tests.services.engine.api.conftest import WORD_SECONDS

OWNER, DATASET = office.OWNER, f"{office.KIND}.vehicles"
OFFICE = f"{office.DIVISION}.data_office"
CORRECTION = "C-2026-000007"
GATEWAY = f"{office.DIVISION}.gateway"
#: Who identifies persons, and who says whom they represent.
DESK = f"{office.DIVISION}.citizen_services/window"
REGISTER = f"{office.DIVISION}.register"
#: Systems that ask: `330203.<name>/window`.
ASKERS = ("reader", "looker", "verifier", "counter", "stranger", "elsewhere")
_ROLES = {
    f"{OWNER}/node": "node",
    f"{OFFICE}/node": "node",
    f"{OFFICE}/grants": "office",
    GATEWAY: "gateway",
    DESK: "citizen-services",
    f"{REGISTER}/node": "enterprise-register",
}


def window(name: str) -> str:
    return f"{office.DIVISION}.{name}/window"


@dataclass
class Asked:
    """The node's settings and everybody's keys. `held` are the checkpoints that the office keeps of its log."""

    settings: Settings
    systems: dict[str, keys.KeyPair]
    registry: registry.Registry
    clock: Clock = field(default_factory=Clock)
    held: list[Checkpoint] = field(default_factory=list)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[httpx.ASGITransport]:
        """The node, as it begins with the log that lies there."""
        made = create_app(office.DEPARTMENT, self.settings, clock=self.clock)
        async with made.router.lifespan_context(made):
            yield httpx.ASGITransport(app=made)

    def client(
        self, transport: httpx.AsyncBaseTransport, system: str, purpose: str, node: str | None = None
    ) -> httpx.AsyncClient:
        member = system.partition("/")[0]
        text = token.make(self.systems[system], system=system, member=member, now=self.clock())
        said = {"Authorization": f"Bearer {text}", "Langqiao-Officer": "o-1", "Langqiao-Purpose": purpose}
        auth = Messages(self.systems.values(), node)
        return httpx.AsyncClient(transport=transport, base_url="http://node", headers=said, auth=auth)

    async def ask(
        self, transport: httpx.AsyncBaseTransport, name: str, path: str, body: dict[str, Any]
    ) -> httpx.Response:
        """A question by the window of that name, which is answered."""
        async with self.client(transport, window(name), "case:330203-2026-000001") as client:
            answer = await client.post(f"/records/{office.KIND}/{path}", json=body)
            assert answer.status_code in (200, 206), answer.text
            return answer

    def asking(self, transport: httpx.AsyncBaseTransport) -> Asking:
        """The office, as it asks the node."""
        return Asking(
            {OWNER: "http://node"},
            OFFICE,
            f"{OFFICE}/node",
            lambda: self.systems[f"{OFFICE}/node"],
            lambda: self.registry,
            self.clock,
            None,
            transport,
        )

    def logs(self, transport: httpx.AsyncBaseTransport) -> AtTheNodes:
        """The office, as it reads the node's log."""
        return AtTheNodes(self.asking(transport), lambda node: self.held if node == OWNER else [], self.clock)

    def complaint(self, plate: str = "A00", item: str = "price") -> Complaint:
        contract = Catalogue(load_all(self.settings.contracts_dir)).contract(DATASET)
        return Complaint(CORRECTION, contract, OWNER, plate, item)

    def hold(self) -> None:
        """The office is told where the log stands now."""
        self.held.append(self._checkpoint(self.lines()[-1]))

    def early(self) -> Checkpoint:
        """Where the log stood at its second entry."""
        return self._checkpoint(self.lines()[1])

    def _checkpoint(self, line: Line) -> Checkpoint:
        return Checkpoint(self.settings.node_id, line.number, line.hash, self.clock())

    def lines(self) -> list[Line]:
        return [read(line[:-1]) for one in segments(self.settings.access_log) for line in lines(one)]

    def rewrite(self, kept: Callable[[dict[str, Any]], bool]) -> None:
        """Write the whole log anew, in one file, with those entries alone: each hash fits the one before."""
        head, written = Head(), []
        for one in self.lines():
            if kept(dict(one.said)):
                line, head = written_again(one, head)
                written.append(line)
        first, *others = segments(self.settings.access_log)
        first.path.write_bytes(b"".join(written))
        for one in others:
            one.path.unlink()


def written_again(one: Line, after: Head) -> tuple[bytes, Head]:
    """An entry as the next of another log."""
    said = {name: value for name, value in one.said.items() if name not in ("number", "previous")}
    said |= {"at": datetime.fromisoformat(str(said["at"])), "act": Act(said["act"])}
    for name in ("items", "searched", "subjects"):
        said[name] = tuple(said[name]) if name in said else None
    return write(Entry(**said), after)


def make_asked(
    folder: Path, items: Sequence[str] = ("price",), beside: Asked | None = None, **changed: Any
) -> Asked:
    """New keys, a registry and a grant of these items for the office, and a fresh department; or another node of one
    that is there."""
    names = (*map(window, (*ASKERS, office.KIND)), *_ROLES)
    systems = {name: keys.new_key() for name in names} if beside is None else {**beside.systems}
    own = f"{changed.get('node', OWNER)}/node"
    systems.setdefault(own, keys.new_key())
    now = datetime.now(UTC)
    dates = {"issued": _in(now, -1), "expires": _in(now, 30)}
    members = [registered.line(name, key, role=_ROLES.get(name, "system")) for name, key in systems.items()]
    members = [one | {"id": OWNER, "role": "node"} if one["system"] == own else one for one in members]
    document = {"number": 1, **dates, "members": members}
    grant = {
        "id": CORRECTION,
        "member": OFFICE,
        "dataset": DATASET,
        "items": list(items),
        "purpose": "校核",
        "provider": OWNER,
        "not_before": _in(now, -1),
        "expires": _in(now, 30),
    }
    authority = keys.new_key()
    (folder / "registry.jws").write_text(signed.sign(document, authority))
    grants = {"number": 1, **dates, "grants": [grant]}
    (folder / "grants.jws").write_text(signed.sign(grants, systems[f"{OFFICE}/grants"]))
    (folder / "node.key.pem").write_bytes(keys.write_private(systems[own]))
    (folder / "pseudonym.key").write_bytes(b"p" * 32)
    settings = _settings(folder, authority, **changed)
    return Asked(settings, systems, registry.from_document(document))


def _settings(folder: Path, authority: keys.KeyPair, **changed: Any) -> Settings:
    """Those of a department with fresh records, whose signed files and keys lie in the folder."""
    office.write_contracts(folder / "contracts")
    office.make_database(folder / "office.sqlite")
    return Settings(
        kind=office.KIND,
        division=office.DIVISION,
        contracts_dir=folder / "contracts",
        database_url=f"sqlite:///{folder / 'office.sqlite'}",
        registry_file=folder / "registry.jws",
        grants_file=folder / "grants.jws",
        authority_keys={authority.key_id: authority.public_hex},
        pseudonym_key_file=folder / "pseudonym.key",
        node_key_file=folder / "node.key.pem",
        registry_word_seconds=WORD_SECONDS,
        require_cases=False,
        follow_registry=False,
        **changed,
    )


class Lying(httpx.AsyncBaseTransport):
    """A node that shows its log otherwise than it is: `lie` says what becomes of a page's lines."""

    def __init__(self, honest: httpx.ASGITransport, lie: Callable[[list[bytes]], list[bytes]]) -> None:
        self._honest, self._lie = honest, lie

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        answer = await self._honest.handle_async_request(request)
        if request.url.path != "/log/entries":
            return answer
        first, *shown = (await answer.aread()).splitlines()
        body = b"".join(line + b"\n" for line in (first, *self._lie(shown)))
        return httpx.Response(answer.status_code, content=body)


def alter(line: bytes, **changed: Any) -> bytes:
    """A line that says something else, and hashes as it should."""
    one = read(line)
    said = {**one.said, **changed}
    again, _ = written_again(replace(one, said=said), Head(one.number - 1, one.previous))
    return again.removesuffix(b"\n")


def said(line: bytes) -> dict[str, Any]:
    entry: dict[str, Any] = orjson.loads(line)["entry"]
    return entry


def _in(now: datetime, days: int) -> str:
    return (now + timedelta(days=days)).isoformat()
