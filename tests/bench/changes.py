"""From an old program's commit to the event at a subscriber, at a steady rate of changes by raw SQL."""

import asyncio
import secrets
import sqlite3
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from schemas.wire.topics import Audience, Topic
from services.cli.world.plan import DIVISION, ENVIRONMENT, WorldPlan
from services.client.topics import follow
from services.engine.synthetic.population import enterprise
from tests.bench.load import BenchFailed, quantile

KIND = "market_regulation"
#: The table keeps credit codes in capitals or in small letters.
_CHANGE = "UPDATE dw_zj_scjdgl_scztxx SET addr = ? WHERE uni_social_crd_cd IN (?, ?)"
_PATIENCE_SECONDS = 30.0


@dataclass(frozen=True)
class Delays:
    """How long events took after their commits, in milliseconds."""

    changes: int
    per_second: float
    p50: float
    p99: float
    longest: float


def measure(plan: WorldPlan, changes: int, per_second: int, progress: Callable[[int], None]) -> Delays:
    """Commit so many changes at that rate, one transaction each, and wait for all their events."""
    return asyncio.run(_measure(plan, changes, per_second, progress))


async def _measure(plan: WorldPlan, changes: int, per_second: int, progress: Callable[[int], None]) -> Delays:
    topic = Topic(ENVIRONMENT, DIVISION, f"{KIND}.enterprises", 1, Audience.PUBLIC)
    following = follow(plan.bootstrap, [str(topic)], from_start=False)
    # No run's address may be one that a record has already: it would be no change.
    sign = secrets.token_hex(4)
    seen: dict[str, int] = {}
    reading = asyncio.create_task(_read(following, sign, seen, changes, progress))
    try:
        await following.started()
        began = time.perf_counter()
        committed = await asyncio.to_thread(_change, plan, sign, changes, per_second)
        seconds = time.perf_counter() - began
        await asyncio.wait_for(reading, _PATIENCE_SECONDS)
    except TimeoutError:
        raise BenchFailed(f"{changes - len(seen)} of {changes} changes brought no event") from None
    finally:
        reading.cancel()
        await following.close()
    taken = sorted((seen[mark] - moment) / 1e6 for mark, moment in committed.items())
    return Delays(changes, changes / seconds, quantile(taken, 0.5), quantile(taken, 0.99), taken[-1])


async def _read(
    following: Any, sign: str, seen: dict[str, int], changes: int, progress: Callable[[int], None]
) -> None:
    async for event in following:
        mark = (event.data or {}).get("address", "")
        if mark.startswith(sign):
            seen.setdefault(mark, time.monotonic_ns())
            progress(len(seen))
        if len(seen) == changes:
            return


def _change(plan: WorldPlan, sign: str, changes: int, per_second: int) -> dict[str, int]:
    """The moments of the commits, by the mark that each left in its record."""
    path = plan.department(KIND).database_url.removeprefix("sqlite:///")
    connection = sqlite3.connect(path, timeout=10, isolation_level=None)
    committed: dict[str, int] = {}
    pace = threading.Event()
    began = time.monotonic()
    for number in range(changes):
        pace.wait(max(0.0, began + number / per_second - time.monotonic()))
        code = enterprise(number % plan.size.enterprises, plan.size).credit_code
        connection.execute(_CHANGE, (f"{sign} {number}", code, code.lower()))
        committed[f"{sign} {number}"] = time.monotonic_ns()
    connection.close()
    return committed
