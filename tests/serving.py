"""HTTP servers of a test's own, by the standard library's, at work beside it."""

from collections.abc import Iterator
from contextlib import contextmanager
from http.server import HTTPServer
from threading import Thread

_POLL_SECONDS = 0.01


@contextmanager
def serving(server: HTTPServer) -> Iterator[str]:
    """A server on loopback that answers until the block ends; its address."""
    with server:
        thread = Thread(target=server.serve_forever, args=(_POLL_SECONDS,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()
