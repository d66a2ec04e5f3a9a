"""The caller's signed question as it goes on with calls made for it, so that departments see for themselves what was
asked; used by `asking`."""

import orjson

from gateway.call import Call
from schemas.trust.message import Message
from schemas.trust.question import ASKS, QUESTION, can_be_handed_on, handed_on


def signed_question(call: Call) -> bytes | None:
    """The question's JSON: as another gateway handed it on to us, or as its caller signed it; None where nobody did.

    Nothing of it is checked here: that is for the departments to do.
    """
    if call.handed is not None:
        return orjson.dumps(call.handed)
    message = Message(call.method, call.path, call.query, call.headers, call.sent or b"")
    return orjson.dumps(handed_on(message)) if can_be_handed_on(message) else None


def beside(question: bytes | None, asks: bytes) -> bytes:
    """The body of a call: what is asked of a node, with the question beside it where there is one."""
    if question is None:
        return asks
    return orjson.dumps({ASKS: orjson.Fragment(asks), QUESTION: orjson.Fragment(question)})
