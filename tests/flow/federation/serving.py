"""The county behind real loopback ports, in a thread with a loop of its own; for callers that know HTTP alone."""

import asyncio
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import httpx
import uvicorn

from services.cli.world.processes import free_ports, listening
from tests.flow.federation.county import PLACES
from tests.flow.federation.records import Contents
from tests.flow.federation.running import County, running
from tests.waiting import until_sync

_PATIENCE = 30.0


class _Server(threading.Thread):
    """Gateway and departments, each at its port; `headers` say who asks, and what for, `auth` signs that, and `trusted`
    are the authority's public keys."""

    def __init__(self, folder: Path, contents: Contents, ports: Mapping[str, int]) -> None:
        super().__init__(name="county", daemon=True)
        self.folder, self.contents, self.ports = folder, contents, ports
        self.headers: dict[str, str] = {}
        self.auth: httpx.Auth | None = None
        self.trusted: Mapping[str, str] = {}
        self.servers: list[uvicorn.Server] = []

    def run(self) -> None:
        asyncio.run(self._serve())

    async def _serve(self) -> None:
        # Clients that cannot sign are let in here.
        async with running(self.folder, require_messages=False) as made:
            await made.load(self.contents)
            names = ("authorization", "langqiao-officer", "langqiao-purpose")
            self.headers = {name: made.client.headers[name] for name in names}
            self.auth, self.trusted = made.client.auth, made.trusted
            self.servers = [uvicorn.Server(self._config(made, name)) for name in self.ports]
            await asyncio.gather(*(one.serve() for one in self.servers))

    def _config(self, made: County, name: str) -> uvicorn.Config:
        app = made.gateway if name == "gateway" else made.nodes.apps[name]
        port = self.ports[name]
        return uvicorn.Config(app, port=port, lifespan="off", log_config=None, access_log=False, ws="none")


class Served:
    """Where the served county stands: the base URL of the gateway, those of the nodes, the caller's headers and
    signature, and whose word it goes by."""

    def __init__(self, ports: Mapping[str, int], county: _Server) -> None:
        self.gateway = f"http://127.0.0.1:{ports['gateway']}"
        self.nodes = [f"http://127.0.0.1:{ports[place.url]}" for place in PLACES]
        self.headers, self.auth, self.trusted = county.headers, county.auth, county.trusted


@contextmanager
def served(folder: Path, contents: Contents) -> Iterator[Served]:
    """The county, served; everything ends with the block."""
    names = ["gateway", *(place.url for place in PLACES)]
    ports = dict(zip(names, free_ports(len(names)), strict=True))
    thread = _Server(folder, contents, ports)
    thread.start()
    try:
        until_sync(
            lambda: not thread.is_alive() or all(map(listening, ports.values())),
            _PATIENCE,
            "all ports listen",
        )
        assert thread.is_alive(), "the county did not start"
        yield Served(ports, thread)
    finally:
        for one in thread.servers:
            one.should_exit = True
        thread.join()
