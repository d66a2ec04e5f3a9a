"""The node client over aiohttp: a pool of kept connections to each node; opened by `app`'s lifespan."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from ssl import SSLContext

import aiohttp

from gateway.nodes import Fresh, NodeAnswer, NodeAway, NodeGarbled, NodeSlow
from gateway.settings import Settings

#: Longest header line of an answer, in bytes: the next page of a gateway below stands in one.
_LONGEST_LINE = 256 * 1024 + 64
#: Shorter than a node keeps an idle connection, so that it is never the node that closes first.
_KEEP_ALIVE_SECONDS = 60


@dataclass(frozen=True, slots=True)
class HttpNodes:
    """Calls nodes over HTTP/1.1; no proxy and no cookie from anywhere."""

    session: aiohttp.ClientSession
    max_bytes: int

    async def call(
        self,
        base_url: str,
        method: str,
        path: str,
        headers: Mapping[str, str],
        body: bytes | None,
        timeout: float,  # noqa: ASYNC109 a connection is to know its own limit
        fresh: Fresh = dict,
    ) -> NodeAnswer:
        """One call; a kept connection that turns out to be closed is tried once more, for reads do no harm twice."""
        limits = aiohttp.ClientTimeout(total=timeout)
        url = base_url + path
        try:
            try:
                return await self._once(url, method, {**headers, **fresh()}, body, limits)
            except aiohttp.ServerDisconnectedError:
                return await self._once(url, method, {**headers, **fresh()}, body, limits)
        except TimeoutError:
            raise NodeSlow from None
        except (aiohttp.ClientPayloadError, aiohttp.ClientResponseError):
            raise NodeGarbled from None
        except (aiohttp.ClientConnectionError, OSError):
            raise NodeAway from None

    async def _once(
        self,
        url: str,
        method: str,
        headers: Mapping[str, str],
        body: bytes | None,
        limits: aiohttp.ClientTimeout,
    ) -> NodeAnswer:
        asked = self.session.request(
            method, url, headers=headers, data=body, timeout=limits, allow_redirects=False
        )
        async with asked as response:
            parts: list[bytes] = []
            size = 0
            while part := await response.content.readany():
                parts.append(part)
                size += len(part)
                if size > self.max_bytes:
                    response.close()
                    raise NodeGarbled
            found = {name.lower(): value for name, value in response.headers.items()}
            return NodeAnswer(response.status, found, b"".join(parts))


@asynccontextmanager
async def open_nodes(settings: Settings, security: SSLContext | None = None) -> AsyncIterator[HttpNodes]:
    """The client with its pools; closed with the block. `security` is by what it speaks TLS, None: as nobody, and by
    the machine's own authorities."""
    connector = aiohttp.TCPConnector(
        limit=0,
        limit_per_host=settings.connections_per_node,
        keepalive_timeout=_KEEP_ALIVE_SECONDS,
        ssl=security or True,
    )
    session = aiohttp.ClientSession(
        connector=connector,
        cookie_jar=aiohttp.DummyCookieJar(),
        skip_auto_headers=("User-Agent", "Accept-Encoding", "Content-Type"),
        auto_decompress=False,
        max_line_size=_LONGEST_LINE,
        max_field_size=_LONGEST_LINE,
    )
    async with session:
        yield HttpNodes(session, settings.max_node_bytes)
