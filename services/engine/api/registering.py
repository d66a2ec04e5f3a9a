"""`POST /registry`: where a gateway, or the authority, brings the member registry and words on it; used by `app`."""

import asyncio

from fastapi import FastAPI, Request, Response

from schemas.trust import handing
from schemas.trust.holding import Held
from schemas.trust.signed import DocumentRefused
from schemas.wire import headers as names
from schemas.wire.problem import Problem
from services.engine.access.gate import Gate
from services.engine.api.faults import problem_of
from services.engine.api.plane import DataPlane
from services.engine.api.responding import refused


def add_registry_route(app: FastAPI, plane: DataPlane) -> None:
    """Put the route into the app."""

    @app.post(
        handing.PATH,
        tags=["control"],
        summary="Take a signed member registry, or a signed word on the one in force",
    )
    async def registry(request: Request) -> Response:
        if plane.node is None:
            return refused(Problem("not-ready", "The service is starting."))
        try:
            held = await _taken(plane.node.gate, await handing.read(request.stream()))
        except Exception as fault:
            return refused(problem_of(fault, "-"))
        return Response(handing.answer(held), headers={"Cache-Control": "no-store"}, media_type=names.JSON)


async def _taken(gate: Gate, body: bytes) -> Held:
    try:
        held = await asyncio.to_thread(gate.registry.take, handing.text_of(body))
    except DocumentRefused as fault:
        raise handing.refusal(fault, gate.registry.held) from None
    except OSError as fault:
        raise Problem("not-ready", f"The registry cannot be kept: {fault.strerror}.") from None
    gate.refresh()
    return held
