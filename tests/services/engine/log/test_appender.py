"""The one writer: callers wait together, are told together, and are refused together where the disk takes nothing."""

import asyncio
import threading
from collections.abc import Sequence
from pathlib import Path

import pytest

from schemas.trust.entries import Entry, Head
from services.engine.log.appender import Appender, appending
from services.engine.log.files import LogUnavailable
from services.engine.log.store import Store
from tests.services.engine.log.desk import NODE, NOON, acts, entry, findings, full_disk, raw, said, store
from tests.waiting import breath

_MANY = 64


class HeldStore(Store):
    """Writes nothing until it is let go, and counts how often it wrote."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder, NODE, lambda: NOON)
        self.go = threading.Event()
        self.reached = threading.Event()
        self.writes: list[int] = []

    def write(self, entries: Sequence[Entry]) -> list[Head]:
        self.reached.set()
        self.go.wait()
        self.writes.append(len(entries))
        return super().write(entries)


async def _appended(appender: Appender, count: int) -> list[Head]:
    return list(await asyncio.gather(*(appender.append(entry(one)) for one in range(count))))


async def test_those_who_come_while_a_write_is_on_its_way_share_the_next(tmp_path: Path) -> None:
    held = HeldStore(tmp_path)
    async with appending(held) as appender:
        first = asyncio.create_task(appender.append(entry()))
        await asyncio.to_thread(held.reached.wait)
        others = asyncio.create_task(_appended(appender, _MANY))
        await breath()
        await breath()
        held.go.set()
        heads = [await first, *await others]
    assert held.writes == [1, _MANY]
    assert [head.number for head in heads] == list(range(2, _MANY + 3))
    assert findings(tmp_path) == []


async def test_every_entry_is_told_its_own_place(tmp_path: Path) -> None:
    async with appending(store(tmp_path)) as appender:
        heads = await _appended(appender, 300)
        assert appender.head == heads[-1]
    numbers = {one["number"]: one.get("records") for one in said(tmp_path)}
    assert [numbers[head.number] for head in heads] == list(range(300))
    assert findings(tmp_path) == []


async def test_a_full_disk_refuses_all_who_wait_and_ends_by_itself(tmp_path: Path) -> None:
    async with appending(store(tmp_path)) as appender:
        await appender.append(entry())
        before = raw(tmp_path)
        with full_disk(sum(map(len, before)) + 10):
            refused = await asyncio.gather(
                *(appender.append(entry()) for _ in range(5)), return_exceptions=True
            )
            assert [str(one) for one in refused] == ["File too large"] * 5
            with pytest.raises(LogUnavailable):
                await appender.probe()
            assert appender.trouble == "File too large"
            assert raw(tmp_path) == before
        await appender.probe()
        assert appender.trouble is None
        assert (await appender.append(entry())).number == 4
    assert acts(tmp_path) == ["began", "read", "resumed", "read"]
    assert said(tmp_path)[2]["told"] == {"reason": "File too large", "refused": 5}
    assert findings(tmp_path) == []


async def test_a_caller_who_goes_away_harms_nobody(tmp_path: Path) -> None:
    held = HeldStore(tmp_path)
    async with appending(held) as appender:
        gone = asyncio.create_task(appender.append(entry(1)))
        await asyncio.to_thread(held.reached.wait)
        gone.cancel()
        await asyncio.gather(gone, return_exceptions=True)
        stays = asyncio.create_task(appender.append(entry(2)))
        held.go.set()
        assert (await stays).number == 3
    assert acts(tmp_path) == ["began", "read", "read"]


async def test_what_waits_is_written_before_the_log_is_closed(tmp_path: Path) -> None:
    async with appending(store(tmp_path)) as appender:
        waiting = [asyncio.create_task(appender.append(entry(one))) for one in range(10)]
        await breath()
    assert [(await one).number for one in waiting] == list(range(2, 12))


async def test_a_second_writer_in_the_same_folder_takes_over_when_the_first_ends(tmp_path: Path) -> None:
    async with appending(store(tmp_path)) as second:
        async with appending(store(tmp_path)) as first:
            await first.append(entry(1))
            with pytest.raises(LogUnavailable, match="another process"):
                await second.append(entry(2))
        await second.append(entry(3))
    assert acts(tmp_path) == ["began", "read", "resumed", "read"]
    assert findings(tmp_path) == []
