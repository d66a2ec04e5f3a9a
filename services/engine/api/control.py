"""The control plane, ordinary FastAPI: /health, /metrics, /catalogue, and problems for the rest; used by `app`."""

import hashlib
from collections.abc import Callable, Iterable

import orjson
from fastapi import FastAPI, Request, Response
from fastapi.responses import PlainTextResponse
from prometheus_client.core import Metric
from starlette.exceptions import HTTPException

from schemas.wire import headers as names
from schemas.wire.problem import Problem
from services.engine.api.catalogue import descriptor
from services.engine.api.faults import problem_of
from services.engine.api.metrics import MEDIA_TYPE, exposition
from services.engine.api.plane import DataPlane
from services.engine.api.responding import refused

_STATUS_CODES = {404: "unknown-path", 405: "method-not-allowed", 413: "too-large"}


def add_control_plane(
    app: FastAPI, plane: DataPlane, own_metrics: Callable[[FastAPI], Iterable[Metric]]
) -> None:
    """Put the control routes and the problem handlers into the app; `own_metrics` are the department's own."""

    @app.get("/health", tags=["control"], summary="Ready, or why not, with the age of each check")
    async def health() -> Response:
        if plane.node is None:
            return refused(Problem("not-ready", "The service is starting."))
        found = plane.node.health
        body = orjson.dumps(found.document())
        return Response(body, 200 if found.ready else 503, {"Cache-Control": "no-store"}, names.JSON)

    @app.get("/metrics", tags=["control"], summary="For Prometheus", response_class=PlainTextResponse)
    async def metrics() -> Response:
        if plane.node is None:
            return refused(Problem("not-ready", "The service is starting."))
        body = exposition(plane.node.standing.last, own_metrics(app))
        return Response(body, headers={"Content-Type": MEDIA_TYPE, "Cache-Control": "no-store"})

    @app.get("/catalogue", tags=["control"], summary="What this node offers, with the contracts in full")
    async def catalogue(request: Request) -> Response:
        if plane.node is None:
            return refused(Problem("not-ready", "The service is starting."))
        try:
            shown = await descriptor(plane.node)
        except Exception as fault:
            return refused(problem_of(fault, "-"))
        # Weak: an estimate that was merely made again does not change what is offered.
        said = shown.model_dump_json(exclude={"offerings": {"__all__": {"estimated_at"}}})
        tag = f'W/"{hashlib.sha256(said.encode()).hexdigest()[:32]}"'
        if request.headers.get("if-none-match") == tag:
            return Response(status_code=304, headers={"ETag": tag})
        return Response(shown.model_dump_json(), headers={"ETag": tag}, media_type=names.JSON)

    @app.exception_handler(HTTPException)
    async def unanswered(request: Request, fault: HTTPException) -> Response:
        code = _STATUS_CODES.get(fault.status_code, "internal")
        return refused(Problem(code, "Nothing is answered here.", headers=dict(fault.headers or {})))
