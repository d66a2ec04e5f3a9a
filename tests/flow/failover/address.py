"""An address that moves from one server to another, as a cluster's virtual address does; used by failover's tests."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

_BITE = 1 << 16


class MovingAddress:
    """A port on loopback that leads to `port`, or nowhere while that is 0. What is under way when it moves is cut."""

    def __init__(self) -> None:
        self.port = 0
        self.own_port = 0
        self._under_way: set[asyncio.Task[None]] = set()

    async def move(self, port: int) -> None:
        self.port = port
        cut = list(self._under_way)
        for one in cut:
            one.cancel()
        await asyncio.gather(*cut, return_exceptions=True)

    async def carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection, until either side ends it or the address moves."""
        task = asyncio.current_task()
        assert task is not None
        self._under_way.add(task)
        try:
            with suppress(OSError, asyncio.CancelledError):
                await self._both_ways(reader, writer)
        finally:
            self._under_way.discard(task)
            writer.close()

    async def _both_ways(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if not self.port:
            return
        far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self.port)
        ways = [
            asyncio.create_task(_carry(reader, far_writer)),
            asyncio.create_task(_carry(far_reader, writer)),
        ]
        try:
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for way in ways:
                way.cancel()
            await asyncio.gather(*ways, return_exceptions=True)
            far_writer.close()


@asynccontextmanager
async def moving_address() -> AsyncIterator[MovingAddress]:
    address = MovingAddress()
    server = await asyncio.start_server(address.carry, "127.0.0.1")
    address.own_port = server.sockets[0].getsockname()[1]
    try:
        yield address
    finally:
        server.close()
        await address.move(0)


async def _carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while bite := await reader.read(_BITE):
        writer.write(bite)
        await writer.drain()
