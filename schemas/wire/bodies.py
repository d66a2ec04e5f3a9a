"""Bodies of the control plane's calls, read to their end or their limit; used by the routes of nodes and gateways."""

from collections.abc import AsyncIterable

from schemas.wire.problem import Problem


async def bounded(parts: AsyncIterable[bytes], most: int, told: str) -> bytes:
    """All of it; Problem too-large, which says `told`, as soon as it has more than `most` bytes."""
    body = bytearray()
    async for part in parts:
        body += part
        if len(body) > most:
            raise Problem("too-large", told, members={"limit": most})
    return bytes(body)
