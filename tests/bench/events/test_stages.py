"""The watch on the relay's stages leaves no moment out, and changes nothing of what it watches."""

import asyncio
from typing import Any

import orjson
import pytest

from tests.bench.events.stages import Stage, Watch
from tests.waiting import breath


class _Clock:
    def __init__(self) -> None:
        self.now = 0

    def __call__(self) -> int:
        return self.now


class _Times:
    """A wall clock, and a CPU clock that stands still while nothing runs; and the lines of a watch that reads them."""

    def __init__(self) -> None:
        self.wall, self.cpu = _Clock(), _Clock()
        self.lines: list[dict[str, Any]] = []
        self.watch = Watch(lambda line: self.lines.append(orjson.loads(line)), self.wall, self.cpu, self.cpu)

    def work(self, ns: int) -> None:
        self.wall.now += ns
        self.cpu.now += ns

    def wait(self, ns: int) -> None:
        self.wall.now += ns


async def test_each_moment_belongs_to_the_innermost_stage_so_that_all_of_them_make_the_whole_time() -> None:
    times = _Times()

    async def publish() -> None:
        times.work(5)
        times.wait(30)

    async def render() -> None:
        times.work(2)
        await published()

    async def send() -> None:
        times.work(1)
        await rendered()
        times.work(4)

    published = times.watch.during(Stage.PUBLISHING, publish)
    rendered = times.watch.during(Stage.RENDERING, render)
    times.wait(100)
    await times.watch.sending(times.watch.round(send))()
    before, of_round = times.lines
    assert (before["is_round"], before["until"] - before["since"]) == (False, 100)
    assert of_round["wall"] == {Stage.OTHER: 5, Stage.RENDERING: 2, Stage.PUBLISHING: 35}
    assert of_round["cpu"] == {Stage.OTHER: 5, Stage.RENDERING: 2, Stage.PUBLISHING: 5}
    assert sum(of_round["wall"].values()) == of_round["until"] - of_round["since"]
    assert of_round["published"] == 103


async def test_what_another_task_does_meanwhile_is_its_own() -> None:
    times = _Times()

    async def read() -> None:
        times.work(1)
        await breath()

    watched = times.watch.during(Stage.READING, read)

    async def chore() -> None:
        times.work(50)
        await watched()

    async with asyncio.TaskGroup() as group:
        group.create_task(times.watch.sending(times.watch.round(watched))())
        group.create_task(times.watch.beside(chore)())
    of_round = times.lines[-1]
    assert (of_round["cpu"], of_round["beside"]) == ({Stage.READING: 1, Stage.OTHER: 0}, 51)
    assert (of_round["wall"], of_round["process"]) == ({Stage.READING: 52, Stage.OTHER: 0}, 52)


async def test_a_watched_task_returns_fails_and_is_cancelled_as_if_nobody_watched() -> None:
    times = _Times()

    async def fail() -> None:
        await breath()
        raise ValueError("as it was")

    async def wait_for_ever() -> None:
        await asyncio.Event().wait()

    async def double(number: int) -> int:
        await breath()
        return 2 * number

    assert await times.watch.sending(times.watch.during(Stage.READING, double))(21) == 42
    with pytest.raises(ValueError, match="as it was"):
        await times.watch.sending(times.watch.round(fail))()
    task = asyncio.create_task(times.watch.sending(wait_for_ever)())
    await breath()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
