"""The node client over real sockets: what a network can do to a call, and what it becomes."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest

from gateway.http_nodes import HttpNodes, open_nodes
from gateway.nodes import NodeAway, NodeGarbled, NodeSlow
from gateway.settings import Settings

Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
_GOOD = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nLangqiao-Next: abc\r\n\r\n[]"


@pytest.fixture
async def client() -> AsyncIterator[HttpNodes]:
    async with open_nodes(Settings(division="330200", nodes=(), max_node_bytes=1_000)) as opened:
        yield opened


@asynccontextmanager
async def listening(serve: Serve) -> AsyncIterator[str]:
    """A server of a test's own on a free port; its address."""
    writers = []

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writers.append(writer)
        await serve(reader, writer)

    server = await asyncio.start_server(handle, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.close()
        for writer in writers:
            writer.close()
        await server.wait_closed()


async def _request(reader: asyncio.StreamReader) -> bytes:
    """One request's head and body."""
    head = await reader.readuntil(b"\r\n\r\n")
    length = next(
        (
            int(line.split(b":")[1])
            for line in head.lower().split(b"\r\n")
            if line.startswith(b"content-length")
        ),
        0,
    )
    return head + await reader.readexactly(length)


async def _ask(client: HttpNodes, address: str, seconds: float = 5.0) -> bytes:
    answer = await client.call(
        address, "POST", "/records/a/b/query", {"langqiao-officer": "张三"}, b"{}", seconds
    )
    assert (answer.status, answer.headers["langqiao-next"]) == (200, "abc")
    return answer.body


async def test_calls_share_one_kept_connection(client: HttpNodes) -> None:
    connections, requests = 0, []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal connections
        connections += 1
        while True:
            try:
                requests.append(await _request(reader))
            except asyncio.IncompleteReadError:
                return
            writer.write(_GOOD)

    async with listening(serve) as address:
        for _ in range(3):
            assert await _ask(client, address) == b"[]"
    assert connections == 1
    assert requests[0].startswith(b"POST /records/a/b/query HTTP/1.1\r\n")
    assert requests[0].endswith(b"\r\n\r\n{}")
    assert "langqiao-officer: 张三".encode() in requests[0].lower()


async def test_the_next_page_of_a_gateway_of_many_nodes_is_read(client: HttpNodes) -> None:
    following = "a" * 40_000

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await _request(reader)
        writer.write(_GOOD.replace(b"abc", following.encode()))

    async with listening(serve) as address:
        answer = await client.call(address, "POST", "/records/a/b/query", {}, b"{}", 5.0)
    assert answer.headers["langqiao-next"] == following


async def test_a_kept_connection_that_was_closed_is_tried_once_more_as_another_message(
    client: HttpNodes,
) -> None:
    seen, signatures = 0, iter(range(1, 10))
    said = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal seen
        said.append((await _request(reader)).lower())
        seen += 1
        if seen != 2:
            writer.write(_GOOD)
        else:
            writer.close()

    async def serve_twice(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await serve(reader, writer)
        await serve(reader, writer)

    async with listening(serve_twice) as address:
        for _ in range(2):
            answer = await client.call(
                address,
                "POST",
                "/records/a/b/query",
                {},
                b"{}",
                5.0,
                lambda: {"signature": str(next(signatures))},
            )
            assert answer.body == b"[]"
    assert [f"signature: {number}".encode() in said[number - 1] for number in (1, 2, 3)] == [True] * 3


async def test_where_nobody_listens_a_node_is_away(client: HttpNodes) -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.close()

    async with listening(serve) as address:
        pass
    with pytest.raises(NodeAway):
        await _ask(client, address)


async def test_a_node_that_does_not_answer_in_time_is_slow(client: HttpNodes) -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await _request(reader)

    async with listening(serve) as address:
        with pytest.raises(NodeSlow):
            await _ask(client, address, seconds=0.05)


@pytest.mark.parametrize(
    "answer",
    [
        b"SSH-2.0-OpenSSH\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n[]",
        b"HTTP/1.1 200 OK\r\nContent-Length: 2000\r\n\r\n" + b"x" * 2_000,
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
    ],
    ids=["no-HTTP", "cut-short", "too-large", "bad-chunk"],
)
async def test_what_is_no_whole_answer_is_garbled(client: HttpNodes, answer: bytes) -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await _request(reader)
        writer.write(answer)
        await writer.drain()
        writer.close()

    async with listening(serve) as address:
        with pytest.raises(NodeGarbled):
            await _ask(client, address)


async def test_a_node_that_hangs_up_is_away(client: HttpNodes) -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await _request(reader)
        writer.close()

    async with listening(serve) as address:
        with pytest.raises(NodeAway):
            await _ask(client, address)


async def test_no_redirect_is_followed(client: HttpNodes) -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await _request(reader)
        writer.write(b"HTTP/1.1 307 Moved\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n")

    async with listening(serve) as address:
        assert (await client.call(address, "GET", "/catalogue", {}, None, 5.0)).status == 307
