"""`GET /office/grants/{department}`: the signed grants that a department honours, fetched by its node; for `routes`.

Like the member registry it is a document of the control plane, and no disclosure of records: no access entry is made.
"""

from fastapi import FastAPI, Request, Response

from schemas.trust.message import Message
from schemas.wire import headers as names
from schemas.wire.problem import Problem
from services.departments.data_office.office import Office
from services.engine.api.faults import problem_of
from services.engine.api.knowing import refuse_gateway
from services.engine.api.plane import DataPlane
from services.engine.api.responding import refused
from services.engine.node import Node


def add_grants_route(app: FastAPI, plane: DataPlane) -> None:
    """Put the route into the app."""

    @app.get(
        "/office/grants/{department}", tags=["office"], summary="The signed grants that a department honours"
    )
    async def grants(department: str, request: Request) -> Response:
        if plane.node is None:
            return refused(Problem("not-ready", "The service is starting."))
        try:
            # Also by whoever runs the broker for the office, and gives there what is granted.
            await its_own(plane.node, request, department, office_too=True)
            office: Office = request.app.state.office
            issued = await office.granting.document(department)
        except Exception as fault:
            return refused(problem_of(fault, "-"))
        headers = {"ETag": f'"{issued.number}"', "Cache-Control": "no-store"}
        if request.headers.get("if-none-match") == headers["ETag"]:
            return Response(status_code=304, headers=headers)
        return Response(issued.text, headers=headers, media_type=names.JOSE)


async def its_own(
    node: Node, request: Request, department: str, body: bytes = b"", *, office_too: bool = False
) -> None:
    """Problem unless a system, or the node, of that department asks itself, or one of the office where that may, too;
    of another's there is nothing here."""
    caller = node.gate.caller(request.headers)
    if caller.anonymous:
        raise Problem("token-required", "Grants are told to their department.")
    if node.gate.needs_check(request.headers, caller):
        path = request.scope.get("raw_path") or request.url.path.encode()
        said = Message(request.method, path.decode("latin-1"), request.url.query, request.headers, body)
        refuse_gateway(await node.gate.sent(said, caller, entered=False))
    if caller.member not in (department, node.gate.owner if office_too else department):
        raise Problem("unknown-path", "Nothing is answered here.")
