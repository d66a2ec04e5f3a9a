"""The gateway's FastAPI application, made from its settings; called by `main` and by tests."""

import asyncio
import secrets
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from fastapi import FastAPI

from gateway.call import Gateway
from gateway.control import add_control_plane
from gateway.http_nodes import open_nodes
from gateway.messages import Messages
from gateway.nodes import NodeClient
from gateway.openapi import described
from gateway.own_key import OwnKey, open_key
from gateway.plane import DataPlane
from gateway.registering import add_registry_route
from gateway.registry import open_registry
from gateway.settings import Settings
from gateway.time_tokens import add_time_tokens_route
from gateway.tls import Tls, open_tls
from gateway.watch import Watch
from schemas.trust.keys import BadKey
from schemas.wire.tls import TlsFiles

_LEAST_SECRET_BYTES = 32


class BadSettings(Exception):
    """The settings cannot be used; says which and why."""


def utc_now() -> datetime:
    """Security time, which nobody moves."""
    return datetime.now(UTC)


def create_app(
    settings: Settings,
    *,
    nodes: NodeClient | None = None,
    tls: Tls | None = None,
    clock: Callable[[], datetime] = utc_now,
) -> FastAPI:
    """The gateway over the settings' nodes, which are called over HTTP unless `nodes` says how. `tls` is by what they
    are called; it is looked at again while the app runs. Raises BadSettings."""
    secured = tls or open_tls(TlsFiles())
    secret, own = _cursor_key(settings.cursor_key_file), _key(settings.key_file, clock)
    plane = DataPlane()

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with AsyncExitStack() as stack:
            client = nodes
            if client is None:
                client = await stack.enter_async_context(open_nodes(settings, secured.client))
            watch = Watch(settings, client, secured, clock)
            watch.recall()
            await watch.refresh()
            registry = open_registry(settings, client, clock)
            await stack.enter_async_context(_beside(watch.run(), registry.run()))
            came = Messages(settings.node_id, settings.require_messages, registry, clock, clock())
            plane.gateway = Gateway(settings, watch, client, secret, own, registry, came, clock)
            stack.callback(setattr, plane, "gateway", None)
            yield

    # No telemetry: a trace would carry addresses, which belong in no trace. No redirects: they hide wrong addresses.
    app = _Described(
        title=f"Langqiao {settings.node_id}",
        lifespan=lifespan,
        redirect_slashes=False,
        telemetry={"tracing": False, "metrics": False, "logs": False, "operation_spans": False},
    )
    app.plane = plane
    app.router.routes.insert(0, plane)
    add_control_plane(app, plane)
    add_registry_route(app, plane)
    add_time_tokens_route(app, plane)
    return app


@asynccontextmanager
async def _beside(*work: Coroutine[Any, Any, None]) -> AsyncIterator[None]:
    """What runs beside the calls, ended with the block."""
    tasks = [asyncio.create_task(one) for one in work]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()


class _Described(FastAPI):
    """FastAPI with the data routes in its description, as the area is when it is asked for."""

    plane: DataPlane | None = None

    def openapi(self) -> dict[str, Any]:
        self.openapi_schema = None
        document = super().openapi()
        gateway = self.plane.gateway if self.plane is not None else None
        return described(document, gateway.area.catalogue) if gateway is not None else document


def _key(path: Path | None, clock: Callable[[], datetime]) -> OwnKey | None:
    try:
        return None if path is None else open_key(path, clock)
    except OSError as fault:
        raise BadSettings(f"key_file {path.name if path else ''} cannot be read: {fault.strerror}") from None
    except BadKey as fault:
        raise BadSettings(f"key_file {path.name if path else ''}: {fault}") from None


def _cursor_key(path: Path | None) -> bytes:
    if path is None:
        return secrets.token_bytes(_LEAST_SECRET_BYTES)
    try:
        secret = path.read_bytes()
    except OSError as fault:
        raise BadSettings(f"cursor_key_file {path.name} cannot be read: {fault.strerror}") from None
    if len(secret) < _LEAST_SECRET_BYTES:
        raise BadSettings(f"cursor_key_file {path.name} holds fewer than {_LEAST_SECRET_BYTES} bytes")
    return secret
