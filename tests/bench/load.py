"""Bounded load over loopback, and what it cost the processes that bore it; used by `rounds`."""

import asyncio
import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import aiohttp


@dataclass(frozen=True)
class Target:
    """Whom to ask what: an address, the headers, and the bodies to be posted in turn; `pids` is who bears the cost.
    `sign` gives the headers that make a body posted to the address a message."""

    name: str
    url: str
    headers: Mapping[str, str]
    bodies: Sequence[bytes]
    pids: tuple[int, ...]
    sign: Callable[[str, bytes], Mapping[str, str]] | None = None


@dataclass(frozen=True)
class Round:
    """What one round gave: requests per second, CPU-seconds per 1,000 requests, latencies in milliseconds."""

    per_second: float
    cpu: float
    p50: float
    p99: float


async def fire(target: Target, requests: int, clients: int) -> Round:
    """Ask `requests` times by `clients` at once; an answer without a record ends the measurement."""
    taken: list[float] = []
    turns = iter(range(requests))
    cpu, began = cpu_seconds(target.pids), time.perf_counter()
    connector = aiohttp.TCPConnector(limit=clients)
    async with aiohttp.ClientSession(connector=connector, headers=target.headers) as session:
        await asyncio.gather(*(_client(session, target, turns, taken) for _ in range(clients)))
    seconds = time.perf_counter() - began
    cost = (cpu_seconds(target.pids) - cpu) * 1_000 / requests
    taken.sort()
    return Round(requests / seconds, cost, quantile(taken, 0.5), quantile(taken, 0.99))


async def _client(
    session: aiohttp.ClientSession, target: Target, turns: Iterator[int], taken: list[float]
) -> None:
    for turn in turns:
        asked = target.bodies[turn % len(target.bodies)]
        signed = target.sign(target.url, asked) if target.sign else {}
        began = time.perf_counter()
        async with session.post(target.url, data=asked, headers=signed) as answer:
            body = await answer.read()
        taken.append((time.perf_counter() - began) * 1_000)
        if answer.status != 200 or body == b"[]":
            raise BenchFailed(
                f"{target.name} answered {answer.status}: {body[:300].decode(errors='replace')}"
            )


class BenchFailed(Exception):
    """What was to be measured did not work; says what happened."""


def quantile(ordered: Sequence[float], part: float) -> float:
    """The value below which that part of an ascending run lies."""
    return ordered[min(len(ordered) - 1, int(len(ordered) * part))]


def cpu_seconds(pids: Sequence[int]) -> float:
    """User and system time of some processes so far; to a hundredth of a second, as the kernel counts it."""
    ticks = 0
    for pid in pids:
        words = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        ticks += int(words[11]) + int(words[12])
    return ticks / os.sysconf("SC_CLK_TCK")
