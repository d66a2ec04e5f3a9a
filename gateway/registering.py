"""`POST /registry`: where a gateway above, or the authority, brings the registry and words on it; used by `app`."""

from fastapi import FastAPI, Request, Response

from gateway.call import Reply
from gateway.faults import problem_of, refusal
from gateway.plane import DataPlane
from gateway.registry import MemberRegistry
from schemas.trust import handing
from schemas.trust.holding import LARGEST_BYTES, Held
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
            return _response(refusal(Problem("not-ready", "The gateway is starting.")))
        try:
            held = await _taken(plane.gateway.registry, await _body(request))
        except Exception as fault:
            return _response(refusal(problem_of(fault, "-")))
        return Response(handing.answer(held), headers={"Cache-Control": "no-store"}, media_type=names.JSON)


async def _taken(registry: MemberRegistry, body: bytes) -> Held:
    try:
        return await registry.take(handing.text_of(body))
    except DocumentRefused as fault:
        raise handing.refusal(fault, registry.held) from None
    except OSError as fault:
        raise Problem("not-ready", f"The registry cannot be kept: {fault.strerror}.") from None


async def _body(request: Request) -> bytes:
    parts: list[bytes] = []
    size = 0
    async for part in request.stream():
        parts.append(part)
        size += len(part)
        if size > LARGEST_BYTES:
            raise handing.too_large()
    return b"".join(parts)


def _response(reply: Reply) -> Response:
    assert isinstance(reply.body, bytes)
    return Response(reply.body, reply.status, reply.headers, reply.media_type)
