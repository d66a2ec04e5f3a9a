"""Replies and problems as FastAPI's responses; used by the routes of the control plane."""

from fastapi import Response

from gateway.call import Reply
from gateway.faults import refusal
from schemas.wire.problem import Problem


def response(reply: Reply) -> Response:
    """A reply that is whole, as a response."""
    assert isinstance(reply.body, bytes)
    return Response(reply.body, reply.status, reply.headers, reply.media_type)


def refused(problem: Problem) -> Response:
    """The problem as a response."""
    return response(refusal(problem))
