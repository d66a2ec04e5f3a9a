"""Waiting for something to become true, with a deadline; the one place in the tests that sleeps."""

import asyncio
import inspect
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

T = TypeVar("T")

_STEP = 0.02


async def until(predicate: Callable[[], T | Awaitable[T]], timeout: float = 10.0, what: str = "") -> T:
    """The first true value of `predicate` (plain or async); AssertionError naming `what` after `timeout` seconds."""
    end = time.monotonic() + timeout
    while True:
        answer = predicate()
        value = await answer if inspect.isawaitable(answer) else answer
        if value:
            return value
        assert time.monotonic() < end, _complaint(predicate, timeout, what)
        await asyncio.sleep(_STEP)


async def breath() -> None:
    """Let everything else that is ready run once."""
    await asyncio.sleep(0)


def until_sync(predicate: Callable[[], T], timeout: float = 10.0, what: str = "") -> T:
    """The same for code without an event loop."""
    end = time.monotonic() + timeout
    while not (value := predicate()):
        assert time.monotonic() < end, _complaint(predicate, timeout, what)
        time.sleep(_STEP)
    return value


def _complaint(predicate: Callable[[], object], timeout: float, what: str) -> str:
    return f"not true within {timeout} s: {what or getattr(predicate, '__qualname__', predicate)}"
