"""aiokafka leaves a connection open whose client was given up while it asked for the first metadata. It is closed here,
so that it is not collected, with complaints, in the middle of another test; called by `conftest`."""

from contextvars import ContextVar
from typing import Any

from aiokafka import client

_opened: ContextVar[list[Any] | None] = ContextVar("connections that a bootstrap has opened", default=None)
_create_connection: Any = client.create_conn
_bootstrap: Any = client.AIOKafkaClient.bootstrap


def close_what_is_left_open() -> None:
    """From now on, for every client of this process."""
    client.create_conn = _create_and_note
    client.AIOKafkaClient.bootstrap = _bootstrap_or_close


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
