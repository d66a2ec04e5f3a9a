"""Each step of trust by itself, on one core, beside one bare check of a signature; called by `tests.bench.__main__`."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from schemas.contracts.catalogue import Catalogue
from schemas.contracts.load import load_readable
from schemas.query.bind import bind
from schemas.query.parse import parse_params
from schemas.trust import grants, keys, message, token
from schemas.trust.access import decide
from schemas.trust.entries import Act, Entry
from schemas.trust.keys import KeyPair
from schemas.trust.link_keys import ends_of, new_link_key
from schemas.trust.message import Message
from schemas.trust.model import Caller, Role
from schemas.trust.receipts import Receipt, Signer
from schemas.trust.registry import Registry, from_document
from schemas.trust.sealing import Seal
from schemas.wire import headers as names
from services.engine.log.appender import appending
from services.engine.log.store import Store

BARE = "a bare check of a signature"
_ADDRESS = "/records/market_regulation/enterprises/query"
_TIMES, _REPEATS, _CALLERS = 200, 7, 32


@dataclass(frozen=True)
class Step:
    """A step of trust by itself: microseconds, and how many bare checks of a signature that is."""

    name: str
    microseconds: float
    checks: float


def steps() -> list[Step]:
    """Each step by itself, on this machine's one core; the bare check first."""
    key, now = keys.new_key(), _now()
    registry = _registry(key, now)
    said = token.make(key, system="city.asking/window", member="city.asking", now=now)
    headers = {"authorization": f"Bearer {said}", "content-type": "application/json"}
    body = b'{"select":"name","credit_code":"eq.91330200MA2H3K5X7Q"}'
    call = Message("POST", _ADDRESS, "", {**headers, names.NODE: "city.market"}, body)
    sent = Message(call.method, call.path, "", {**call.headers, **message.sign(call, key, now)}, body)
    cache = token.TokenCache(10)
    cache.check(said, registry, now)
    signature = key.private.sign(body)
    measured = {
        BARE: lambda: keys.verifies(key.public_hex, signature, body),
        "a token that is new": lambda: token.check(said, registry, now),
        "a token that came before": lambda: cache.check(said, registry, now),
        "a message signed": lambda: message.sign(call, key, now),
        "a message checked": lambda: message.check(sent, registry, now, node="city.market"),
        "a question decided by a grant": _decision(now),
        "a receipt signed": _receipt(key, now),
    }
    taken = {name: _microseconds(work) for name, work in measured.items()}
    taken |= _join_keys(now) | asyncio.run(_entries())
    bare = taken[BARE]
    return [Step(name, found, found / bare) for name, found in taken.items()]


def _decision(now: datetime) -> Callable[[], object]:
    """What may be seen of one legal representative, decided by contract and grant."""
    dataset = "market_regulation.legal_representatives"
    asked = {"select": "name,position", "credit_code": "eq.91330200MA2H3K5X7Q"}
    query = bind(parse_params(asked.items()), Catalogue(load_readable()), dataset)
    held = {
        "id": "G-1",
        "member": "city.asking",
        "dataset": dataset,
        "items": ["credit_code", "name", "position"],
        "purpose": "a purpose",
        "not_before": now.isoformat(),
        "expires": (now + timedelta(days=1)).isoformat(),
    }
    known = grants.from_document({"number": 1, "expires": held["expires"], "grants": [held]})
    caller = Caller("city.asking", "city.asking/window", officer="0001", purpose="grant:G-1")
    return lambda: decide(query, caller, known, now, owner="city.market")


def _receipt(key: KeyPair, now: datetime) -> Callable[[], object]:
    signer, digest = Signer(key), "0" * 64
    receipt = Receipt("city.market", 1, digest, digest, digest, digest[:32], now, "city.asking")
    return lambda: signer.sign(receipt)


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
