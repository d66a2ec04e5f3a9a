"""`POST /log/time-tokens`: passed on to the node that a caller names, for most callers reach the gateway alone; used by
`app`."""

from contextlib import suppress
from typing import Any

import orjson
from fastapi import FastAPI, Request, Response

from gateway.call import Gateway
from gateway.nodes import NodeAnswer, NodeFault
from gateway.plane import DataPlane
from gateway.responding import refused
from schemas.wire import headers as names
from schemas.wire.bodies import bounded
from schemas.wire.problem import Problem

PATH = "/log/time-tokens"
#: Longest body, in bytes, and the longest that a node may take, in seconds.
_LONGEST, _PATIENCE = 8_192, 10.0


def add_time_tokens_route(app: FastAPI, plane: DataPlane) -> None:
    """Put the route into the app."""

    @app.post(
        PATH, tags=["control"], summary="Time tokens of answers that a node signed; passed on to that node"
    )
    async def time_tokens(request: Request) -> Response:
        try:
            if plane.gateway is None:
                raise Problem("not-ready", "The gateway is starting.")
            answer = await _passed_on(plane.gateway, await _read(request))
        except Problem as problem:
            return refused(problem)
        return Response(answer.body, answer.status, {"Cache-Control": "no-store"}, names.JSON)


async def _passed_on(gateway: Gateway, said: dict[str, Any]) -> NodeAnswer:
    node = said.get("node")
    offers = [one for each in gateway.area.offers.values() for one in each]
    # A department behind another gateway is asked through that one.
    url = next((one.url for one in offers if node in (one.node, *one.providers)), None)
    if url is None:
        raise Problem("bad-body", "This gateway knows no such node.")
    headers = {"content-type": names.JSON, "accept": names.JSON}
    try:
        answer = await gateway.nodes.call(url, "POST", PATH, headers, orjson.dumps(said), _PATIENCE)
    except NodeFault:
        answer = NodeAnswer(503, {}, b"")
    if answer.status != 200:
        raise Problem("source-missing", f"{node} tells no time tokens now.", headers={"Retry-After": "2"})
    return answer


async def _read(request: Request) -> dict[str, Any]:
    body = await bounded(request.stream(), _LONGEST, f"The body is over {_LONGEST} bytes.")
    said: Any = None
    with suppress(orjson.JSONDecodeError):
        said = orjson.loads(body)
    if not isinstance(said, dict) or not isinstance(said.get("node"), str):
        raise Problem("bad-body", 'The body must be {"node": …, "digests": […]}.')
    return said
