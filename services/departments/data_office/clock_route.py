"""`POST /office/civil-time`: a demo's civil time is moved ahead, so that legal clocks run out at once; for `routes`.

Outside a demo there is nothing at this address, and security time is moved nowhere.
"""

from datetime import timedelta

from fastapi import FastAPI, Request, Response

from schemas.wire import headers as names
from schemas.wire.problem import Problem
from services.departments.data_office.grants_route import its_own
from services.departments.data_office.office import Office
from services.engine.api.faults import problem_of
from services.engine.api.plane import DataPlane
from services.engine.api.responding import refused

#: Ten years are far enough.
_MOST_DIGITS = 4


def add_clock_route(app: FastAPI, plane: DataPlane) -> None:
    """Put the route into the app."""

    @app.post("/office/civil-time", tags=["office"], summary="Move a demo's civil time ahead")
    async def civil_time(request: Request) -> Response:
        """Takes `?ahead_days=`, counted from security time."""
        if plane.node is None:
            return refused(Problem("not-ready", "The service is starting."))
        office: Office = request.app.state.office
        try:
            if not office.clocks.movable:
                raise Problem("unknown-path", "Nothing is answered here.")
            await its_own(plane.node, request, plane.node.settings.department)
            await office.move(_days(request.query_params.get("ahead_days", "")))
        except Exception as fault:
            return refused(problem_of(fault, "-"))
        return Response(f'{{"today":"{office.clocks.today()}"}}', media_type=names.JSON)


def _days(text: str) -> timedelta:
    if not (text.isascii() and text.isdigit() and len(text) <= _MOST_DIGITS):
        raise Problem("bad-value", "ahead_days is a whole number of days.")
    return timedelta(days=int(text))
