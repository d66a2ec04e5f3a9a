"""The member registry at the gateway: taken from whoever brings it, kept, and handed on to every node until it has it;
run by `app`, asked by `registering` and by /health."""

import asyncio
import os
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from gateway.nodes import NodeClient, NodeFault
from gateway.settings import Settings
from schemas.trust import handing
from schemas.trust.holding import Held, kept, nothing, taken
from schemas.trust.signed import DocumentRefused
from schemas.wire import headers as names

#: How long a node that refuses what it is told is left, in seconds, unless there is news.
_REFUSED_SECONDS = 60.0


@dataclass(slots=True)
class MemberRegistry:
    """What is in force here, by which messages are checked, and which is handed on.

    `refused` says why, and when, something that came was refused last.
    """

    settings: Settings
    nodes: NodeClient
    clock: Callable[[], datetime]
    held: Held
    refused: tuple[str, datetime] | None = None
    _told: dict[str, Held] = field(default_factory=dict)
    _news: asyncio.Condition = field(default_factory=asyncio.Condition)

    async def take(self, text: str) -> Held:
        """What is held after a text has come, which is kept by then. Raises DocumentRefused, OSError; then all is as it
        was."""
        async with self._news:
            now = self.clock()
            try:
                found = taken(self.held, text, now)
            except DocumentRefused as fault:
                self.refused = (fault.reason, now)
                raise
            if found is not self.held:
                if self.settings.registry_file is not None:
                    await asyncio.to_thread(_write, self.settings.registry_file, found)
                self.held = found
                self._news.notify_all()
            return found

    async def run(self) -> None:
        """Hand it on until cancelled."""
        async with asyncio.TaskGroup() as group:
            for url in dict.fromkeys(self.settings.nodes):
                group.create_task(self._keep_told(url))

    def facts(self) -> Mapping[str, Any]:
        """What /health shows of it; `behind` are the nodes that do not have it yet."""
        behind = [url for url in self.settings.nodes if self._is_behind(url)]
        return {**self.held.facts(self.clock(), self.refused), "behind": behind}

    def _is_behind(self, url: str) -> bool:
        return self.held.registry.number > 0 and self._told.get(url) is not self.held

    async def _keep_told(self, url: str) -> None:
        """A node is told the newest alone, again and again until it has it."""
        while True:
            async with self._news:
                await self._news.wait_for(lambda: self._is_behind(url))
            held = self.held
            try:
                done, pause = await self._tell(url, held), _REFUSED_SECONDS
            except NodeFault:
                done, pause = False, float(self.settings.refresh_seconds)
            if done:
                self._told[url] = held
            else:
                await self._wait_for_news(held, pause)

    async def _tell(self, url: str, held: Held) -> bool:
        """Whether the node has it now, or something newer; raises NodeFault."""
        before = self._told.get(url)
        if (before is None or before.text != held.text) and not await self._post(url, held.text, held):
            return False
        if not held.word_text or await self._post(url, held.word_text, held):
            return True
        if before is None:
            return False
        # It has lost what it was told.
        del self._told[url]
        return await self._tell(url, held)

    async def _post(self, url: str, text: str, held: Held) -> bool:
        said = {"content-type": names.JOSE, "accept": names.JSON}
        seconds = self.settings.refresh_timeout_ms / 1_000
        answer = await self.nodes.call(url, "POST", handing.PATH, said, text.encode(), seconds)
        # A conflict is a node's that has a newer one; what it is told on ours means nothing to it.
        number = handing.number_in(answer.body)
        return answer.status in (200, 409) and number is not None and number >= held.registry.number

    async def _wait_for_news(self, held: Held, seconds: float) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds), self._news:
                await self._news.wait_for(lambda: self.held is not held)


def open_registry(settings: Settings, nodes: NodeClient, clock: Callable[[], datetime]) -> MemberRegistry:
    """The registry as its file has it, where there is one; what cannot be read there is brought anew."""
    held = nothing(settings.authority_keys)
    if settings.registry_file is not None:
        with suppress(OSError, UnicodeDecodeError, DocumentRefused):
            for number, text in enumerate(settings.registry_file.read_text().split()):
                held = taken(held, text, clock()) if number else kept(held, text)
    return MemberRegistry(settings, nodes, clock, held)


def _write(path: Path, held: Held) -> None:
    """Registry and word, one a line, whole or not at all, and on the disk when this returns."""
    unfinished = path.with_name(f"{path.name}.new")
    with unfinished.open("w") as file:
        file.write(f"{held.text}\n{held.word_text}\n")
        file.flush()
        os.fsync(file.fileno())
    unfinished.replace(path)
    descriptor = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
