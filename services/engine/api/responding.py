"""Problems as FastAPI's responses; used by the routes of the control plane."""

from fastapi import Response

from schemas.wire.problem import Problem
from services.engine.api.faults import refusal


def refused(problem: Problem) -> Response:
    """The problem as a response."""
    reply = refusal(problem)
    assert isinstance(reply.body, bytes)
    return Response(reply.body, reply.status, reply.headers, reply.media_type)
