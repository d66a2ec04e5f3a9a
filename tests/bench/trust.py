"""What trust costs a department: one record asked with more and more of it, in paired rounds, and each of its steps by
itself beside one bare check of a signature; called by `__main__`."""

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

import orjson

from schemas.trust import keys, message, token
from schemas.trust.entries import Act, Entry
from schemas.trust.evidence_answer import WANTED
from schemas.trust.keys import KeyPair
from schemas.trust.link_keys import ends_of, new_link_key
from schemas.trust.message import Message
from schemas.trust.model import Role
from schemas.trust.registry import Registry, from_document
from schemas.trust.sealing import Seal
from schemas.wire import headers as names
from services.cli.world.forking import start_tool
from services.cli.world.plan import DepartmentPlan
from services.cli.world.processes import free_ports
from services.cli.world.trust import GRANT_ID
from services.cli.world.world import World
from services.client.profile import Profile
from services.engine.log.appender import appending
from services.engine.log.store import Store
from services.engine.synthetic.population import enterprise
from tests.bench.load import Target

KIND = "market_regulation"
_ENTERPRISES = f"/records/{KIND}/enterprises/query"
_REPRESENTATIVES = f"/records/{KIND}/legal_representatives/query"
_DIFFERENT = 500
_ASKED = {"select": "name,status,address"}
_GRANTED = {"select": "name,position"}
_TIMES, _REPEATS, _CALLERS = 200, 7, 32


@dataclass(frozen=True)
class Step:
    """A step of trust by itself: microseconds, and how many bare checks of a signature that is."""

    name: str
    microseconds: float
    checks: float


def targets(world: World) -> list[Target]:
    """The same kind of question with more trust each time. The first two go to a node that takes calls unsigned."""
    signed = _signing_node(world)
    plain = world.plan.department(KIND)
    profile = Profile.load(world.plan.profiles / "approvals.json").with_purpose(f"grant:{GRANT_ID}")
    content = {"Content-Type": "application/json"}
    member = {**profile.headers(), **content}
    pids = [world.children[one].process.pid for one in (KIND, _SIGNED)]
    codes = [enterprise(number, world.plan.size).credit_code for number in range(_DIFFERENT)]
    open_, granted = (_bodies(asked, codes) for asked in (_ASKED, _GRANTED))
    key = profile.key()
    assert key is not None

    def sign(url: str, body: bytes) -> Mapping[str, str]:
        return _signed(key, plain.member, member, url, body)

    def for_evidence(url: str, body: bytes) -> Mapping[str, str]:
        return _signed(key, plain.member, evidence, url, body)

    at_plain, at_signed = plain.url, f"http://127.0.0.1:{signed}"
    evidence = {**member, "Accept-Signature": WANTED}
    return [
        Target("anonymous, open items", f"{at_plain}{_ENTERPRISES}", content, open_, (pids[0],)),
        Target("token, open items", f"{at_plain}{_ENTERPRISES}", member, open_, (pids[0],)),
        Target("token, items by grant", f"{at_plain}{_REPRESENTATIVES}", member, granted, (pids[0],)),
        *(
            Target(name, f"{at_signed}{_REPRESENTATIVES}", headers, granted, (pids[1],), signer)
            for name, headers, signer in (
                ("message, items by grant", member, sign),
                ("the same, and the answer signed", evidence, for_evidence),
            )
        ),
    ]


_SIGNED = f"{KIND}-signed"


def _signing_node(world: World) -> int:
    """A second service on the same records, which takes calls as messages alone; its port."""
    one, [port] = world.plan.department(KIND), free_ports(1)
    environment = {
        **world.department_environment(one),
        "LANGQIAO_REQUIRE_MESSAGES": "true",
        "LANGQIAO_PORT": str(port),
        "LANGQIAO_LOG_FOLDER": str(one.folder / "signed-log"),
        "LANGQIAO_REGISTRY_FOLDER": str(one.folder / "signed-registry"),
    }
    world.children[_SIGNED] = start_tool(_SIGNED, ["department", "serve", KIND], world.plan.logs, environment)
    moved = DepartmentPlan(KIND, port, one.folder, one.database_url)
    world.wait_ready(_SIGNED, moved.url)
    return port


def _bodies(asked: Mapping[str, str], codes: Sequence[str]) -> list[bytes]:
    return [orjson.dumps({**asked, "credit_code": f"eq.{code}"}) for code in codes]


def _signed(key: KeyPair, node: str, headers: Mapping[str, str], url: str, body: bytes) -> dict[str, str]:
    """The headers that make a call a message for the node."""
    said = {name.lower(): value for name, value in headers.items()} | {names.NODE: node}
    path = "/" + url.split("/", 3)[3]
    return {names.NODE: node, **message.sign(Message("POST", path, "", said, body), key, _now())}


def steps() -> list[Step]:
    """Each step by itself, on this machine's one core; the bare check first."""
    key, now = keys.new_key(), _now()
    registry = _registry(key, now)
    said = token.make(key, system="city.asking/window", member="city.asking", now=now)
    headers = {"authorization": f"Bearer {said}", "content-type": "application/json"}
    body = b'{"select":"name","credit_code":"eq.91330200MA2H3K5X7Q"}'
    call = Message("POST", _ENTERPRISES, "", {**headers, names.NODE: "city.market"}, body)
    sent = Message(call.method, call.path, "", {**call.headers, **message.sign(call, key, now)}, body)
    cache = token.TokenCache(10)
    cache.check(said, registry, now)
    signature = key.private.sign(body)
    measured = {
        "a bare check of a signature": lambda: keys.verifies(key.public_hex, signature, body),
        "a token that is new": lambda: token.check(said, registry, now),
        "a token that came before": lambda: cache.check(said, registry, now),
        "a message signed": lambda: message.sign(call, key, now),
        "a message checked": lambda: message.check(sent, registry, now, node="city.market"),
    }
    taken = {name: _microseconds(work) for name, work in measured.items()}
    taken |= _join_keys(now) | asyncio.run(_entries())
    bare = taken["a bare check of a signature"]
    return [Step(name, found, found / bare) for name, found in taken.items()]


def _join_keys(now: datetime) -> dict[str, float]:
    """What a join key costs to seal, each another value since equal ones are sealed once, and to open."""
    key, numbers = new_link_key(now), count()
    seal = Seal([key], key, ends_of("licences.holder_id", "persons.id_number"), "q-1")
    text = seal.seal("330281000000000000")
    assert text is not None
    return {
        "a join key sealed": _microseconds(lambda: seal.seal(f"330281{next(numbers):012}")),
        "a sealed join key opened": _microseconds(lambda: seal.open(text)),
    }


async def _entries() -> dict[str, float]:
    """What an entry takes until it is on the disk: for one caller, and for each of many who come at once."""
    with TemporaryDirectory(prefix="langqiao-bench-") as folder:
        async with appending(Store(Path(folder), "city.market", _now)) as appender:

            async def together(callers: int) -> float:
                found = []
                for _ in range(_REPEATS):
                    began = time.perf_counter()
                    for _ in range(_TIMES // callers):
                        entries = [Entry(_now(), "city.market", Act.READ, records=1) for _ in range(callers)]
                        await asyncio.gather(*map(appender.append, entries))
                    found.append((time.perf_counter() - began) / (_TIMES // callers * callers) * 1e6)
                return median(found)

            alone = await together(1)
            return {
                "an entry on the disk, one caller": alone,
                f"an entry on the disk, {_CALLERS} callers": await together(_CALLERS),
            }


def _registry(key: KeyPair, now: datetime) -> Registry:
    line = {
        "id": "city.asking",
        "system": "city.asking/window",
        "role": Role.SYSTEM,
        "keys": {key.key_id: key.public_hex},
    }
    moments = {"issued": now.isoformat(), "expires": now.replace(year=now.year + 1).isoformat()}
    return from_document({"number": 1, **moments, "members": [line]})


def _microseconds(work: Callable[[], object]) -> float:
    """The median of some repeats."""
    found = []
    for _ in range(_REPEATS):
        began = time.perf_counter()
        for _ in range(_TIMES):
            work()
        found.append((time.perf_counter() - began) / _TIMES * 1e6)
    return median(found)


def _now() -> datetime:
    return datetime.now(UTC)
