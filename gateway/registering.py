"""`POST /registry`: where a gateway above, or the authority, brings the registry and words on it; used by `app`."""

from fastapi import FastAPI, Request, Response

from gateway.faults import problem_of
from gateway.plane import DataPlane
from gateway.registry import MemberRegistry
from gateway.responding import refused
from schemas.trust import handing
from schemas.trust.holding import Held
from schemas.trust.signed import DocumentRefused
from schemas.wire import headers as names
from schemas.wire.problem import Problem


def add_registry_route(app: FastAPI, plane: DataPlane) -> None:
    """Put the route into the app."""

    @app.post(
        handing.PATH,
        tags=["control"],
        summary="Take a signed member registry, or a signed word, and hand it on",
    )
    async def registry(request: Request) -> Response:
        if plane.gateway is None:
            return refused(Problem("not-ready", "The gateway is starting."))
        try:
            held = await _taken(plane.gateway.registry, await handing.read(request.stream()))
        except Exception as fault:
            return refused(problem_of(fault, "-"))
        return Response(handing.answer(held), headers={"Cache-Control": "no-store"}, media_type=names.JSON)


async def _taken(registry: MemberRegistry, body: bytes) -> Held:
    try:
        return await registry.take(handing.text_of(body))
    except DocumentRefused as fault:
        raise handing.refusal(fault, registry.held) from None
    except OSError as fault:
        raise Problem("not-ready", f"The registry cannot be kept: {fault.strerror}.") from None
