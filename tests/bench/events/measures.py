"""What is measured of each side: delay at a steady rate, draining a backlog, what capture costs a writer, and the
nightly reload; called by `run`. Nothing here asserts a timing."""

import asyncio
import secrets
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from tests.bench.events.ground import TABLE, Ground
from tests.bench.events.sides import Langqiao, Side, peak_memory
from tests.bench.events.spent import Parts, Spent, around, spent, ways
from tests.bench.load import BenchFailed, quantile
from tests.waiting import until

_CONNECTIONS = 8
_PATIENCE = 300.0
_STATEMENT_ROWS = 500
#: So many records differ after the nightly reload.
DIFFERENT = 200
#: What inserts are called that nothing notes.
NO_CAPTURE = "none"


@dataclass(frozen=True)
class Delays:
    """Commit to consumer, in milliseconds, and CPU-seconds of the side for 1,000 changes; `asked` is the rate that was
    wanted. Of ours the way of the changes around p50 and around p99, and where the relay's time went."""

    side: str
    asked: int
    changes: int
    per_second: float
    p50: float
    p95: float
    p99: float
    cpu: float
    way: tuple[Parts, Parts] | None = None
    spent: Spent | None = None


@dataclass(frozen=True)
class Drained:
    """A backlog brought to the consumer, from the first change that it sees to the last; CPU for 1,000 changes, start
    included; of ours, where the relay's time went."""

    side: str
    changes: int
    per_second: float
    cpu: float
    spent: Spent | None = None


@dataclass(frozen=True)
class Inserts:
    """Rows a second that writers got in: each committed by itself by 8 connections, and by statements of 500; and bytes
    of the database's log for each row meanwhile."""

    capture: str
    single: float
    statements: float
    single_wal: float
    statements_wal: float


@dataclass(frozen=True)
class Reload:
    """All rows deleted and inserted again in one transaction, 200 of them different.

    Seconds of that transaction without and with capture; events that a subscriber of one topic got; the relay's seconds
    after the commit, and CPU-seconds; its largest memory in MB, and what it had before. `snapshot` is how many seconds
    it took to publish all rows at first.
    """

    rows: int
    without: float
    captured: float
    events: int
    relay: float
    cpu: float
    memory: float
    memory_before: float
    snapshot: float


async def delays(ground: Ground, side: Side, rows: int, changes: int, per_second: int) -> Delays:
    """Of changes in transactions of one row each; the table has `rows` rows. The side is at work."""
    sign = secrets.token_hex(4)
    await _until_brought(ground, side, f"{sign} warm")
    cpu, others = side.cpu(), ground.cpu()
    committed: dict[str, int] = {}
    began = asyncio.get_running_loop().time() + 0.1
    turns = iter(range(changes))

    async def write() -> None:
        async with ground.connected() as connection:
            change = await connection.prepare(f"UPDATE {TABLE} SET nm = $1 WHERE no = $2")
            for turn in turns:
                await at(began + turn / per_second)
                await change.fetch(f"{sign} {turn}", f"T{turn % rows + 1}")
                committed[f"{sign} {turn}"] = time.monotonic_ns()

    await asyncio.gather(*(write() for _ in range(_CONNECTIONS // 2)))
    seconds = asyncio.get_running_loop().time() - began
    seen = await _seen(side, sign, changes)
    cost = (side.cpu() - cpu) * 1_000 / changes
    moments = [(moment, seen[mark]) for mark, moment in committed.items()]
    taken = sorted((arrived - moment) / 1e6 for moment, arrived in moments)
    p50, p95, p99 = (quantile(taken, part) for part in (0.5, 0.95, 0.99))
    measured = Delays(side.name, per_second, changes, changes / seconds, p50, p95, p99, cost)
    if isinstance(side, Langqiao):
        ordered = ways(side.periods(), moments)
        way = around(ordered, 0.5, 0.1), around(ordered, 0.99, 0.01)
        measured = replace(measured, way=way, spent=_spent(ground, side, moments, others))
    return measured


async def drain(ground: Ground, side: Side, changes: int) -> Drained:
    """Of changes that were committed while the side was at rest; the table has at least as many rows."""
    sign = secrets.token_hex(4)
    await side.rest()
    async with ground.connected() as connection:
        numbers = f"SELECT 'T' || n AS no, n FROM generate_series(1, {changes}) n"
        statement = f"UPDATE {TABLE} t SET nm = '{sign} ' || s.n FROM ({numbers}) s WHERE t.no = s.no"
        await connection.execute(statement)
    if isinstance(side, Langqiao):
        # The subscriber is there first, so that it sees the backlog.
        await side.start_reader()
        others = ground.cpu()
        await side.start_relay()
    else:
        others = ground.cpu()
        await side.work()
    seen = await _seen(side, sign, changes)
    cost, arrived = side.cpu() * 1_000 / changes, list(seen.values())
    measured = Drained(side.name, changes, changes * 1e9 / (max(arrived) - min(arrived)), cost)
    if isinstance(side, Langqiao):
        moments = [(one, one) for one in arrived]
        measured = replace(measured, spent=_spent(ground, side, moments, others))
    return measured


def _spent(
    ground: Ground, side: Langqiao, moments: Sequence[tuple[int, int]], before: Mapping[str, float]
) -> Spent:
    """Between the first commit and the last arrival."""
    others = {name: seconds - before[name] for name, seconds in ground.cpu().items()}
    first, last = min(one for one, _ in moments), max(one for _, one in moments)
    return spent(side.periods(), first, last, others)


async def inserts(ground: Ground, capture: str, seconds: float) -> Inserts:
    """Under whatever notes changes now."""
    begun = await _log_bytes(ground)
    single = sum(await asyncio.gather(*(_insert(ground, seconds, 1) for _ in range(_CONNECTIONS))))
    halfway = await _log_bytes(ground)
    together = await _insert(ground, seconds, _STATEMENT_ROWS)
    log = (halfway - begun) / single, (await _log_bytes(ground) - halfway) / together
    return Inserts(capture, single / seconds, together / seconds, *log)


async def _log_bytes(ground: Ground) -> int:
    """How much the database has written to its log so far, by whomever."""
    async with ground.connected() as connection:
        return int(await connection.fetchval("SELECT pg_current_wal_insert_lsn() - '0/0'::pg_lsn"))


async def _insert(ground: Ground, seconds: float, rows: int) -> int:
    stem, done = secrets.token_hex(6), 0
    async with ground.connected() as connection:
        statement = await connection.prepare(
            f"INSERT INTO {TABLE} (no, nm, made, holder, remark, price)"
            f" SELECT $1 || n, 'a tool', '2020-6-18', '张三', 'r', 12.50 FROM generate_series(1, {rows}) n"
        )
        until_when = time.monotonic() + seconds
        while time.monotonic() < until_when:
            await statement.fetch(f"{stem}-{done}-")
            done += rows
    return done


async def reload(ground: Ground, side: Langqiao, rows: int) -> Reload:
    """On a table of so many rows, without capture at first."""
    await ground.fill(rows)
    without = await _reload(ground)
    await side.capture()
    began = time.monotonic()
    await side.start_relay()
    await side.until_drained(seconds=rows / 100)
    snapshot = time.monotonic() - began
    await side.rest()
    # A relay that has not just published everything, so that its memory is that of the reload.
    await side.start_relay()
    await side.start_reader()
    await _until_brought(ground, side, "warm")
    assert side.relay is not None
    before, cpu = peak_memory(side.relay), side.cpu()
    captured = await _reload(ground)
    began = time.monotonic()
    await side.until_drained()
    relayed = time.monotonic() - began
    events = sum(name not in ("ready", "warm") for name, _ in side.seen())
    measured = Reload(
        rows, without, captured, events, relayed, side.cpu() - cpu, peak_memory(side.relay), before, snapshot
    )
    await side.end()
    return measured


async def _reload(ground: Ground) -> float:
    """The seconds of the transaction."""
    async with ground.connected() as connection:
        await connection.execute(f"DROP TABLE IF EXISTS reload; CREATE TABLE reload AS SELECT * FROM {TABLE}")
        sign = secrets.token_hex(4)
        some = f"SELECT no FROM reload ORDER BY md5(no) LIMIT {DIFFERENT}"
        await connection.execute(f"UPDATE reload SET nm = '{sign}' WHERE no IN ({some})")
        began = time.monotonic()
        async with connection.transaction():
            await connection.execute(f"DELETE FROM {TABLE}")
            await connection.execute(f"INSERT INTO {TABLE} SELECT * FROM reload")
        return time.monotonic() - began


async def _until_brought(ground: Ground, side: Side, mark: str) -> None:
    """A change at the consumer, so that nothing is measured of a start."""
    async with ground.connected() as connection:
        await connection.execute(f"UPDATE {TABLE} SET nm = $1 WHERE no = 'T1'", mark)
    await until(
        lambda: any(name == mark for name, _ in side.seen()), timeout=_PATIENCE, what="a first change"
    )


async def _seen(side: Side, sign: str, changes: int) -> dict[str, int]:
    """When the consumer first saw each of so many changes."""
    found: dict[str, int] = {}

    def all_seen() -> bool:
        found.clear()
        for name, moment in side.seen():
            if name.startswith(f"{sign} ") and not name.endswith("warm"):
                found.setdefault(name, moment)
        return len(found) >= changes

    await _patiently(all_seen, side, lambda: f"{changes - len(found)} of {changes} changes did not arrive")
    return found


async def _patiently(done: Callable[[], bool], side: Side, complaint: Callable[[], str]) -> None:
    try:
        await until(done, timeout=_PATIENCE)
    except AssertionError:
        raise BenchFailed(f"{side.name}: {complaint()}") from None


def at(moment: float) -> Awaitable[None]:
    """By the event loop's clock."""
    loop = asyncio.get_running_loop()
    future: asyncio.Future[None] = loop.create_future()
    loop.call_at(moment, future.set_result, None)
    return future
