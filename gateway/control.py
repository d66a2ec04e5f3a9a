"""The control plane, ordinary FastAPI: /health, /catalogue, and problems for the rest; used by `app`."""

import hashlib

import orjson
from fastapi import FastAPI, Request, Response
from starlette.exceptions import HTTPException

from gateway.area import Area
from gateway.plane import DataPlane
from gateway.responding import refused
from gateway.settings import Settings
from schemas.wire import headers as names
from schemas.wire.descriptor import Descriptor
from schemas.wire.problem import Problem

_STATUS_CODES = {404: "unknown-path", 405: "method-not-allowed", 413: "too-large"}


def add_control_plane(app: FastAPI, plane: DataPlane) -> None:
    """Put the control routes and the problem handlers into the app."""

    @app.get(
        "/health", tags=["control"], summary="Ready, or why not; each node with the age of its last answer"
    )
    async def health() -> Response:
        if plane.gateway is None:
            return _starting()
        watch = plane.gateway.watch
        body = orjson.dumps(watch.document() | {"registry": plane.gateway.registry.facts()})
        return Response(body, 200 if watch.ready else 503, {"Cache-Control": "no-store"}, names.JSON)

    @app.get("/catalogue", tags=["control"], summary="What the area offers, with the contracts in full")
    async def catalogue(request: Request) -> Response:
        if plane.gateway is None:
            return _starting()
        shown = descriptor(plane.gateway.settings, plane.gateway.area)
        # Weak: an estimate that was merely made again does not change what is offered.
        said = shown.model_dump_json(exclude={"offerings": {"__all__": {"estimated_at"}}})
        tag = f'W/"{hashlib.sha256(said.encode()).hexdigest()[:32]}"'
        if request.headers.get("if-none-match") == tag:
            return Response(status_code=304, headers={"ETag": tag})
        return Response(shown.model_dump_json(), headers={"ETag": tag}, media_type=names.JSON)

    @app.exception_handler(HTTPException)
    async def not_here(request: Request, fault: HTTPException) -> Response:
        code = _STATUS_CODES.get(fault.status_code, "internal")
        return refused(Problem(code, "Nothing is answered here.", headers=dict(fault.headers or {})))


def descriptor(settings: Settings, area: Area) -> Descriptor:
    """The whole area in a node's form, so that a gateway can stand where a node stands."""
    return Descriptor(
        node=settings.node_id,
        division=settings.division,
        role="gateway",
        offerings=area.offerings,
        contracts=tuple(map(dict, area.documents)),
    )


def _starting() -> Response:
    return refused(Problem("not-ready", "The gateway is starting."))
