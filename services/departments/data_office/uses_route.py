"""`POST /office/uses/{department}`: a department's node tells who used what retires, and when last, by its access log;
for `routes`.

It is the department's own word on members and days, and names no person: no access entry is made.
"""

from fastapi import FastAPI, Request, Response

from schemas.trust.uses import LONGEST, PATH, read_uses
from schemas.wire.bodies import bounded
from schemas.wire.problem import Problem
from services.departments.data_office.grants_route import its_own
from services.departments.data_office.office import Office
from services.engine.api.faults import problem_of
from services.engine.api.plane import DataPlane
from services.engine.api.responding import refused


def add_uses_route(app: FastAPI, plane: DataPlane) -> None:
    """Put the route into the app."""

    @app.post(
        PATH + "{department}",
        status_code=204,
        tags=["office"],
        summary="Who used what retires, and when last",
    )
    async def uses(department: str, request: Request) -> Response:
        if plane.node is None:
            return refused(Problem("not-ready", "The service is starting."))
        office: Office = request.app.state.office
        try:
            body = await bounded(request.stream(), LONGEST, f"It has at most {LONGEST} bytes.")
            await its_own(plane.node, request, department, body)
            await office.entries.told_uses(department, read_uses(body))
        except Exception as fault:
            return refused(problem_of(fault, "-"))
        return Response(status_code=204)
