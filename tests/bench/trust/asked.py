"""What is asked where trust is measured, in groups of which each is compared in paired rounds; called by
`tests.bench.__main__`."""

import secrets
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson
from sqlalchemy.engine import make_url

from schemas.trust import message
from schemas.trust.evidence_answer import WANTED
from schemas.trust.keys import KeyPair, read_private
from schemas.trust.message import Message
from schemas.wire import headers as names
from services.cli.world.forking import start_tool
from services.cli.world.plan import GATEWAY
from services.cli.world.processes import free_ports
from services.cli.world.trust import GRANT_ID
from services.cli.world.world import World
from services.client.profile import Profile
from services.departments.market_regulation.mapping import ENTERPRISES
from services.engine.synthetic.population import enterprise
from tests.bench.load import Target
from tests.bench.trust import beside
from tests.bench.trust.beside import Beside

KIND = "market_regulation"
#: The groups.
DEPARTMENT, THROUGH, UNTRUSTED = "a department", "through a gateway", "without trust"
_ENTERPRISES = f"/records/{KIND}/enterprises/query"
_REPRESENTATIVES = f"/records/{KIND}/legal_representatives/query"
_DIFFERENT = 500
_ASKED = {"select": "name,status,address"}
_GRANTED = {"select": "name,position"}
#: The columns in which the department keeps what is asked of an enterprise.
_COLUMNS = {"name": "comp_nm", "status": "reg_state", "address": "addr"}
_JSON = {"Content-Type": "application/json"}
_PATIENCE = {names.DEADLINE: "30000"}
_SIGNED = f"{KIND}-signed"


@contextmanager
def groups(world: World, folder: Path) -> Iterator[Mapping[str, list[Target]]]:
    """The groups by name, while what stands beside a gateway and a department runs."""
    profile = Profile.load(world.plan.profiles / "approvals.json").with_purpose(f"grant:{GRANT_ID}")
    codes = [enterprise(number, world.plan.size).credit_code for number in range(_DIFFERENT)]
    open_, granted = (_bodies(asked, codes) for asked in (_ASKED, _GRANTED))
    signed = _signing_node(world)
    told = {
        beside.GATEWAY: _gateway_beside(world, profile),
        beside.DEPARTMENT: _department_beside(world),
    }
    with beside.running(folder, told) as found:
        yield {
            DEPARTMENT: _department(world, profile, signed, open_, granted),
            THROUGH: _through(world, profile, granted, found.get(beside.GATEWAY)),
            UNTRUSTED: _untrusted(world, open_, found.get(beside.DEPARTMENT)),
        }


def _department(
    world: World, profile: Profile, signed: str, open_: Sequence[bytes], granted: Sequence[bytes]
) -> list[Target]:
    """The same kind of question with more trust each time. The first three go to a node that takes calls unsigned."""
    plain = world.plan.department(KIND)
    member = {**profile.headers(), **_JSON}
    evidence = {**member, "Accept-Signature": WANTED}
    pids = [(world.children[one].process.pid,) for one in (KIND, _SIGNED)]
    signs = [_signing(profile, plain.member, headers) for headers in (member, evidence)]
    at_plain, at_signed = f"{plain.url}{_ENTERPRISES}", f"{signed}{_REPRESENTATIVES}"
    return [
        Target("anonymous, open items", at_plain, _JSON, open_, pids[0]),
        Target("token, open items", at_plain, member, open_, pids[0]),
        Target("token, items by grant", f"{plain.url}{_REPRESENTATIVES}", member, granted, pids[0]),
        Target("message, items by grant", at_signed, member, granted, pids[1], signs[0]),
        Target("the same, and the answer signed", at_signed, evidence, granted, pids[1], signs[1]),
    ]


def _through(world: World, profile: Profile, granted: Sequence[bytes], node: Beside | None) -> list[Target]:
    """One record of a person by grant: the caller's message checked, and handed on signed. First the gateway's part."""
    headers = {**profile.headers(), **_JSON, **_PATIENCE}
    sign = _signing(profile, GATEWAY, headers)
    pid = world.children["gateway"].process.pid
    first = Target("gateway", f"{world.plan.gateway_url}{_REPRESENTATIVES}", headers, granted, (pid,), sign)
    if node is None:
        return [first]
    return [first, replace(first, name="fastify", url=f"{node.url}{_REPRESENTATIVES}", pids=(node.pid,))]


def _untrusted(world: World, open_: Sequence[bytes], node: Beside | None) -> list[Target]:
    """One record of open items, for nobody in particular. First the department's, which has an entry of it still."""
    pid = world.children[KIND].process.pid
    first = Target("department", f"{world.plan.department(KIND).url}{_ENTERPRISES}", _JSON, open_, (pid,))
    if node is None:
        return [first]
    return [first, replace(first, name="fastify + pg", url=f"{node.url}{_ENTERPRISES}", pids=(node.pid,))]


def _signing_node(world: World) -> str:
    """A second service on the same records, which takes calls as messages alone; its address."""
    one, [port] = world.plan.department(KIND), free_ports(1)
    environment = {
        **world.department_environment(one),
        "LANGQIAO_REQUIRE_MESSAGES": "true",
        "LANGQIAO_PORT": str(port),
        "LANGQIAO_LOG_FOLDER": str(one.folder / "signed-log"),
        "LANGQIAO_REGISTRY_FOLDER": str(one.folder / "signed-registry"),
    }
    world.children[_SIGNED] = start_tool(_SIGNED, ["department", "serve", KIND], world.plan.logs, environment)
    url = replace(one, port=port).url
    world.wait_ready(_SIGNED, url)
    return url


def _gateway_beside(world: World, profile: Profile) -> dict[str, Any]:
    """What the gateway in Node is told: it signs as the gateway that it stands for."""
    asking, own = profile.key(), read_private(world.plan.gateway_key.read_bytes())
    assert asking is not None
    department = world.plan.department(KIND)
    return {
        "node": GATEWAY,
        "department": {"id": department.member, "url": department.url},
        "keys": {asking.key_id: {"public": asking.public_hex, "system": profile.system}},
        "own": {"id": own.key_id, "pem": world.plan.gateway_key.read_text()},
    }


def _department_beside(world: World) -> dict[str, Any]:
    """What the department in Node is told: where our department's own table stands."""
    url = make_url(world.plan.department(KIND).database_url)
    at = {
        "host": url.query.get("host", url.host),
        "port": url.port,
        "user": url.username,
        "database": url.database,
    }
    return {
        "database": {name: value for name, value in at.items() if value},
        "table": ENTERPRISES.name,
        "columns": _COLUMNS,
        "key": "uni_social_crd_cd",
    }


def _bodies(asked: Mapping[str, str], codes: Sequence[str]) -> list[bytes]:
    return [orjson.dumps({**asked, "credit_code": f"eq.{code}"}) for code in codes]


def _signing(
    profile: Profile, node: str, headers: Mapping[str, str]
) -> Callable[[str, bytes], Mapping[str, str]]:
    """Gives the headers that make a call a message for the node, and a question of its own."""
    key = profile.key()
    assert key is not None

    def sign(url: str, body: bytes) -> Mapping[str, str]:
        return _signed(key, node, headers, url, body)

    return sign


def _signed(key: KeyPair, node: str, headers: Mapping[str, str], url: str, body: bytes) -> dict[str, str]:
    own = {names.NODE: node, names.QUESTION: secrets.token_hex(8)}
    said = {name.lower(): value for name, value in headers.items()} | own
    path = "/" + url.split("/", 3)[3]
    return own | message.sign(Message("POST", path, "", said, body), key, datetime.now(UTC))
