"""Who calls, from token and message: the first half of the access stage; used by every action of the data plane."""

from schemas.trust.message import Message
from services.engine.api.call import Call


async def know(call: Call) -> None:
    """Set the caller, and the message that the call is. Problem bad-token, bad-message; LogUnavailable where nobody
    could say whether the message came before."""
    gate = call.node.gate
    call.caller = gate.caller(call.headers)
    if not gate.needs_check(call.headers, call.caller):
        return
    query, body = call.query.decode("utf-8", "replace"), await call.body()
    message = Message(call.method, call.path, query, call.headers, body)
    call.message = await gate.sent(message, call.caller)
