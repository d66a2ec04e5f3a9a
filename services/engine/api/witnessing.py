"""`POST /log/checkpoints`: where other nodes have the state of their access logs witnessed; used by `app`."""

import asyncio

from fastapi import FastAPI, Request, Response

from schemas.trust.registry import Registry
from schemas.trust.signed import DocumentRefused
from schemas.wire import headers as names
from schemas.wire.bodies import bounded
from schemas.wire.problem import Problem
from services.engine.api.faults import problem_of
from services.engine.api.plane import DataPlane
from services.engine.api.responding import refused
from services.engine.checkpointing import PATH
from services.engine.log.files import LogUnavailable
from services.engine.log.witnessing import Contradiction, Witness
from services.engine.node import Node

#: Longest checkpoint, in bytes.
_LONGEST = 4_096


def add_witness_route(app: FastAPI, plane: DataPlane) -> None:
    """Put the route into the app."""

    @app.post(PATH, tags=["control"], summary="Hold another node's signed checkpoint, and countersign it")
    async def checkpoint(request: Request) -> Response:
        if plane.node is None:
            return refused(Problem("not-ready", "The service is starting."))
        try:
            word = await _held(plane.node, await _text(request))
        except Exception as fault:
            return refused(problem_of(fault, "-"))
        return Response(word, headers={"Cache-Control": "no-store"}, media_type=names.JOSE)


async def _held(node: Node, text: str) -> str:
    if node.witness is None:
        raise Problem("not-ready", "This node has no key to countersign with.")
    registry: Registry = node.gate.registry.value
    if node.clock() >= registry.expires:
        raise _bad("registry-expired")
    return await asyncio.to_thread(_hold, node.witness, text, registry)


def _hold(witness: Witness, text: str, registry: Registry) -> str:
    try:
        return witness.hold(text, registry)
    except DocumentRefused as fault:
        raise _bad(fault.reason) from None
    except Contradiction as fault:
        told = f"This node holds another state of that log, up to entry {fault.known}."
        raise Problem("checkpoint-contradicted", told, members={"known": fault.known}) from None
    except OSError as fault:
        raise LogUnavailable(fault.strerror) from None


async def _text(request: Request) -> str:
    body = await bounded(request.stream(), _LONGEST, f"A checkpoint has at most {_LONGEST} bytes.")
    try:
        return body.decode("ascii").strip()
    except UnicodeDecodeError:
        raise _bad("malformed") from None


def _bad(reason: str) -> Problem:
    return Problem("bad-checkpoint", f"The checkpoint is refused: {reason}", members={"reason": reason})
