"""aiokafka leaves connections open: one whose client was given up while it asked for the first metadata, and one that
came about while its client was being closed. They are closed here, so that they are not collected, with complaints, in
the middle of another test; called by `conftest`."""

from contextvars import ContextVar
from typing import Any

from aiokafka import client

_opened: ContextVar[list[Any] | None] = ContextVar("connections that a bootstrap has opened", default=None)
_CLOSED = "closed_by_its_user"
_Client: Any = client.AIOKafkaClient
_create_connection: Any = client.create_conn
_bootstrap, _get_connection, _close = _Client.bootstrap, _Client._get_conn, _Client.close


def close_what_is_left_open() -> None:
    """From now on, for every client of this process."""
    client.create_conn = _create_and_note
    _Client.bootstrap, _Client._get_conn, _Client.close = (
        _bootstrap_or_close,
        _get_while_open,
        _close_for_good,
    )


async def _create_and_note(*place: Any, **way: Any) -> Any:
    connection = await _create_connection(*place, **way)
    opened = _opened.get()
    if opened is not None:
        opened.append(connection)
    return connection


async def _bootstrap_or_close(self: Any) -> None:
    opened: list[Any] = []
    before = _opened.set(opened)
    try:
        await _bootstrap(self)
    except BaseException:
        for connection in opened:
            connection.close()
        raise
    finally:
        _opened.reset(before)


async def _get_while_open(self: Any, *node: Any, **way: Any) -> Any:
    connection = await _get_connection(self, *node, **way)
    if connection is not None and getattr(self, _CLOSED, False):
        connection.close()
        return None
    return connection


async def _close_for_good(self: Any) -> None:
    setattr(self, _CLOSED, True)
    await _close(self)
