"""The node client's second implementation: ASGI apps in this process, and the faults that a network adds."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx

from gateway.nodes import Fresh, NodeAnswer, NodeAway, NodeGarbled, NodeSlow

#: What becomes of a node's answer on its way.
Change = Callable[[NodeAnswer], NodeAnswer]


def down(answer: NodeAnswer) -> NodeAnswer:
    raise NodeAway


def garbled(answer: NodeAnswer) -> NodeAnswer:
    raise NodeGarbled


@dataclass
class InProcess:
    """Calls the app at each address. `changes` alters a node's answers to calls for records, all of them or those
    for one dataset (`address` or `address dataset`); `slow` addresses never answer a question, `away` ones answer
    nothing."""

    apps: Mapping[str, Any]
    changes: dict[str, Change] = field(default_factory=dict)
    slow: set[str] = field(default_factory=set)
    away: set[str] = field(default_factory=set)

    async def call(
        self,
        base_url: str,
        method: str,
        path: str,
        headers: Mapping[str, str],
        body: bytes | None,
        timeout: float,
        fresh: Fresh = dict,
    ) -> NodeAnswer:
        if base_url in self.away:
            raise NodeAway
        if base_url in self.slow and path != "/catalogue":
            await self._never(timeout)
        # The transport by itself: a client of httpx's own would first read the system's certificates.
        request = httpx.Request(method, base_url + path, headers={**headers, **fresh()}, content=body)
        answer = await httpx.ASGITransport(app=self.apps[base_url]).handle_async_request(request)
        found = NodeAnswer(answer.status_code, dict(answer.headers), await answer.aread())
        dataset = ".".join(path.split("/")[2:4])
        change = self.changes.get(f"{base_url} {dataset}") or self.changes.get(base_url)
        return found if change is None or path == "/catalogue" else change(found)

    async def _never(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await asyncio.Event().wait()
        except TimeoutError:
            raise NodeSlow from None
