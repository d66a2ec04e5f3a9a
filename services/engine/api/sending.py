"""Replies onto the wire: ready bytes in one piece, streams piece by piece until the caller goes; used by `plane`."""

import asyncio
from collections.abc import AsyncIterator

from starlette.types import Receive, Send

from services.engine.api.call import Disconnected, Reply

_NO_BODY = frozenset({204, 304})


async def send_reply(reply: Reply, receive: Receive, send: Send, *, head: bool = False) -> None:
    """Send one reply; to HEAD its headers alone. Raises Disconnected when the caller leaves a stream."""
    headers = [
        (name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in reply.headers.items()
    ]
    if reply.media_type is not None:
        headers.append((b"content-type", reply.media_type.encode("latin-1")))
    ready = reply.body if isinstance(reply.body, bytes) else None
    if ready is not None and not head and reply.status not in _NO_BODY:
        headers.append((b"content-length", str(len(ready)).encode()))
    await send({"type": "http.response.start", "status": reply.status, "headers": headers})
    if isinstance(reply.body, bytes):
        await send({"type": "http.response.body", "body": b"" if head else reply.body})
    else:
        await _stream(reply.body, receive, send)


async def with_first(first: bytes, rest: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """A stream whose first piece was made before its headers were sent, so that a refusal could still be one."""
    yield first
    async for piece in rest:
        yield piece


async def _stream(pieces: AsyncIterator[bytes], receive: Receive, send: Send) -> None:
    gone = asyncio.ensure_future(receive())
    try:
        async for piece in pieces:
            if gone.done():
                raise Disconnected
            await send({"type": "http.response.body", "body": piece, "more_body": True})
        await send({"type": "http.response.body", "body": b""})
    finally:
        gone.cancel()
