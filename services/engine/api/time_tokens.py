"""`POST /log/time-tokens`: when signed answers of this node stood, by what other nodes hold of its access log; used by
`app`. The token of a signature is no secret, and says nothing to whoever does not have the signature."""

import asyncio
import re
from contextlib import suppress

import orjson
from fastapi import FastAPI, Request, Response

from schemas.wire import headers as names
from schemas.wire.bodies import bounded
from schemas.wire.problem import Problem
from services.engine.api.faults import problem_of
from services.engine.api.plane import DataPlane
from services.engine.api.responding import refused
from services.engine.log.files import LogUnavailable
from services.engine.log.stamping import Stamps

PATH = "/log/time-tokens"
#: Most digests in one call, and the longest body in bytes.
_MOST, _LONGEST = 50, 8_192
_DIGEST = re.compile(r"[0-9a-f]{64}")


def add_time_tokens_route(app: FastAPI, plane: DataPlane) -> None:
    """Put the route into the app."""

    # One look at a time: whoever asks too often waits for himself.
    looking = asyncio.Lock()

    @app.post(PATH, tags=["control"], summary="Time tokens of signed answers, by the digests that name these")
    async def time_tokens(request: Request) -> Response:
        if plane.node is None:
            return refused(Problem("not-ready", "The service is starting."))
        try:
            stamps = plane.node.log.stamps
            if stamps is None:
                raise Problem("not-ready", "This node has no key, or no witnesses: nobody vouches for times.")
            digests = await _digests(request)
            async with looking:
                body = await _tokens(stamps, digests)
        except Exception as fault:
            return refused(problem_of(fault, "-"))
        return Response(body, headers={"Cache-Control": "no-store"}, media_type=names.JSON)


async def _tokens(stamps: Stamps, digests: list[str]) -> bytes:
    try:
        found = await asyncio.to_thread(stamps.tokens, digests)
    except OSError as fault:
        raise LogUnavailable(fault.strerror) from None
    return orjson.dumps({"tokens": {one: [each.document() for each in some] for one, some in found.items()}})


async def _digests(request: Request) -> list[str]:
    body = await bounded(request.stream(), _LONGEST, f"The body is over {_LONGEST} bytes.")
    said: object = None
    with suppress(orjson.JSONDecodeError):
        said = orjson.loads(body)
    digests = said.get("digests") if isinstance(said, dict) else None
    if not isinstance(digests, list) or len(digests) > _MOST:
        raise Problem("bad-body", f'The body must be {{"digests": […]}} with at most {_MOST} of them.')
    if not all(isinstance(one, str) and _DIGEST.fullmatch(one) for one in digests):
        raise Problem("bad-body", "A digest is 64 hexadecimal digits in lower case.")
    return digests
