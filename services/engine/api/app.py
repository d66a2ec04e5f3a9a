"""A department's FastAPI application, made from its folder and its settings; called by `serve` and by tests."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

from fastapi import FastAPI
from starlette.types import Receive, Scope, Send

from schemas.wire.tls import TlsFiles
from services.engine.api.about_record import add_about_record_route
from services.engine.api.control import add_control_plane
from services.engine.api.log_entries import add_log_route
from services.engine.api.openapi import described
from services.engine.api.persons import ACTIONS
from services.engine.api.plane import DataPlane
from services.engine.api.registering import add_registry_route
from services.engine.api.time_tokens import add_time_tokens_route
from services.engine.api.witnessing import add_witness_route
from services.engine.node import Department, open_node, read_contracts, read_node_key
from services.engine.settings import Settings
from services.engine.tls import Tls, open_tls

#: What a node answers to other members' nodes and to offices, beside its control plane.
_ROUTES = (
    add_witness_route,
    add_registry_route,
    add_time_tokens_route,
    add_log_route,
    add_about_record_route,
)


def utc_now() -> datetime:
    """Security time, which nobody moves."""
    return datetime.now(UTC)


def create_app(
    department: Department,
    settings: Settings,
    *,
    tls: Tls | None = None,
    clock: Callable[[], datetime] = utc_now,
) -> FastAPI:
    """The service of one department. Contracts and the node's key are read here (ContractFault, BadDepartment), the
    rest opens with the app. `tls` is by what it calls others; it is looked at again while the app runs."""
    secured = tls or open_tls(TlsFiles())
    offered, own = read_contracts(department, settings), read_node_key(settings, clock)
    plane = DataPlane()

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with (
            open_node(offered, settings, own, secured, clock) as node,
            department.beside(app, node),
        ):
            checking = asyncio.create_task(node.health.run(settings.check_seconds))
            plane.node = node
            try:
                yield
            finally:
                plane.node = None
                checking.cancel()

    # No telemetry: a trace would carry addresses, which belong in no trace. No redirects: they hide wrong addresses.
    app = _Described(
        title=f"Langqiao {settings.node_id}",
        lifespan=lifespan,
        redirect_slashes=False,
        telemetry={"tracing": False, "metrics": False, "logs": False, "operation_spans": False},
    )
    app.contracts, app.plane, app.by_steps = offered.contracts, plane, offered.by_steps
    add_control_plane(app, plane, department.metrics)
    for add_route in _ROUTES:
        add_route(app, plane)
    if department.routes is not None:
        department.routes(app, plane)
    return app


class _Described(FastAPI):
    """FastAPI with the data plane in front of it, and in its description.

    In front, because the data plane answers every fault itself, and the middleware would cost a read as much again.
    """

    contracts: tuple[Any, ...] = ()
    by_steps: bool = False
    plane: DataPlane

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and (scope["path"].startswith("/records/") or scope["path"] in ACTIONS):
            await self.plane.handle(scope, receive, send)
        else:
            await super().__call__(scope, receive, send)

    def openapi(self) -> dict[str, Any]:
        if not self.openapi_schema:
            described(super().openapi(), self.contracts, by_steps=self.by_steps)
        return super().openapi()
