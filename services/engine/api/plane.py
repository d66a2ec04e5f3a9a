"""The data plane: everything under /records, answered with ready bytes; put before FastAPI by `app`.

An ASGI front instead of FastAPI's routes keeps a read at a third of the cost; what it refuses is a problem.
"""

import asyncio
import logging
import re
import secrets
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, unquote

from starlette.types import Receive, Scope, Send

from schemas.wire import headers as names
from schemas.wire.problem import Problem
from services.engine.api import persons, write
from services.engine.api.call import Call, Disconnected, Reply
from services.engine.api.changes import changes
from services.engine.api.entering import TELLING, entered
from services.engine.api.evidencing import attested
from services.engine.api.faults import problem_of, refusal
from services.engine.api.listing import list_records
from services.engine.api.lookup import look_up
from services.engine.api.one import read_one
from services.engine.api.sending import send_reply
from services.engine.api.verify import verify
from services.engine.node import Node
from services.engine.source.port import SourceError

Action = Callable[[Call], Awaitable[Reply]]

#: What can be done at each address: the last path segment (`{record_id}` for any other) and the method.
_DATASET: Mapping[str, Action] = {"GET": list_records, "HEAD": list_records, "POST": write.create}
_RECORD: Mapping[str, Action] = {
    "GET": read_one,
    "HEAD": read_one,
    "PUT": write.replace,
    "PATCH": write.patch,
    "DELETE": write.delete,
}
_VERBS: Mapping[str, Mapping[str, Action]] = {
    "query": {"POST": list_records},
    "lookup": {"POST": look_up},
    "changes": {"POST": changes},
    "verify": {"POST": verify},
}
_QUESTION = re.compile(r"[A-Za-z0-9._-]{1,64}")
_log = logging.getLogger("langqiao.access")


@dataclass
class DataPlane:
    """Everything under /records. `node` is set while the service runs; before that it is not ready."""

    node: Node | None = None

    async def handle(self, scope: Scope, receive: Receive, send: Send, own: Action | None = None) -> None:
        """Answer one call, by an action of the department's `own` where its route has one, else by its address."""
        if self.node is None:
            await send_reply(refusal(Problem("not-ready", "The service is starting.")), receive, send)
            return
        call = _call(self.node, scope, receive)
        if own is not None:
            call.route = scope["route"].path
        status = await _serve(call, send, own)
        _log.info(
            "%s %s %s member=%s status=%d ms=%.1f question=%s",
            call.method,
            call.route,
            call.dataset or "-",
            call.caller.member or "-",
            status,
            call.timing.milliseconds,
            call.question,
        )


async def _serve(call: Call, send: Send, own: Action | None) -> int:
    """Answer one call, within its deadline; the status sent."""
    started = False

    async def sending(message: Any) -> None:
        nonlocal started
        started = True
        await send(message)

    try:
        seconds = call.deadline_seconds()
        if seconds <= 0:
            raise TimeoutError
        async with asyncio.timeout(seconds):
            reply = await _answer(call, own)
            reply = attested(call, _stamped(call, reply))
            await send_reply(reply, call.receive, sending, head=call.method == "HEAD")
            return reply.status
    except Disconnected:
        return 499
    except Exception as fault:
        reply = refusal(problem_of(fault, call.question, call.estimate))
        if not started:
            await send_reply(_stamped(call, reply), call.receive, send, head=call.method == "HEAD")
        # Else the answer has begun: leaving it unfinished makes the server cut the connection, which no caller
        # can take for a whole answer.
        return reply.status


async def _answer(call: Call, own: Action | None) -> Reply:
    """The answer, or a refusal that tells of records; either is in the access log when this returns."""
    try:
        reply = await (own or _route(call))(call)
    except (Problem, SourceError) as fault:
        problem = problem_of(fault, call.question, call.estimate)
        if call.disclosure is None or problem.code not in TELLING:
            raise
        reply = refusal(problem)
    return await entered(call, reply)


def _route(call: Call) -> Action:
    """The action for this address; Problem unknown-path, unknown-dataset, method-not-allowed."""
    if call.path in persons.ACTIONS:
        return _of_persons(call)
    kind, name, *rest = [
        unquote(part) for part in call.path.removeprefix("/records/").rstrip("/").split("/")
    ] + [""]
    rest = rest[:-1]
    if not name or len(rest) > 1:
        raise Problem("unknown-path", "Records stand at /records/{kind}/{dataset}.")
    call.dataset = call.node.catalogue.contract(f"{kind}.{name}").dataset
    call.route, actions = _actions(rest)
    if actions is _RECORD:
        call.record_id = rest[0]
    if call.method not in actions:
        allowed = ", ".join(actions)
        raise Problem("method-not-allowed", f"This address takes {allowed}.", headers={"Allow": allowed})
    return actions[call.method]


def _of_persons(call: Call) -> Action:
    call.route = call.path
    if call.method != "POST":
        raise Problem("method-not-allowed", "This address takes POST.", headers={"Allow": "POST"})
    return persons.ACTIONS[call.path]


def _actions(rest: list[str]) -> tuple[str, Mapping[str, Action]]:
    if not rest:
        return "/records/{kind}/{dataset}", _DATASET
    verb = _VERBS.get(rest[0])
    if verb is not None:
        return f"/records/{{kind}}/{{dataset}}/{rest[0]}", verb
    return "/records/{kind}/{dataset}/{record_id}", _RECORD


def _call(node: Node, scope: Scope, receive: Receive) -> Call:
    headers: dict[str, str] = {}
    for raw_name, raw_value in scope["headers"]:
        name, value = raw_name.decode("latin-1").lower(), raw_value.decode("utf-8", "replace")
        headers[name] = f"{headers[name]}, {value}" if name in headers else value
    asked = headers.get(names.QUESTION, "")
    path = scope.get("raw_path") or scope["path"].encode()
    return Call(
        node=node,
        method=scope["method"],
        path=path.decode("latin-1"),
        query=scope["query_string"],
        parameters=parse_qsl(scope["query_string"].decode("utf-8", "replace"), keep_blank_values=True),
        headers=headers,
        # Another's text goes into our log only in a form that can do no harm there.
        question=asked if _QUESTION.fullmatch(asked) else secrets.token_hex(8),
        receive=receive,
    )


def _noticed(call: Call, reply: Reply) -> Mapping[str, str]:
    """The notice that the major which answered ends on a day, where its users were told one."""
    version, retiring = reply.headers.get(names.CONTRACT_VERSION), call.node.gate.retiring
    found = retiring.get((call.dataset, int(version))) if retiring and version is not None else None
    return {} if found is None else found.headers


def _stamped(call: Call, reply: Reply) -> Reply:
    reply.headers |= {
        **_noticed(call, reply),
        "Server-Timing": call.timing.header(),
        names.QUESTION: call.question,
        "Cache-Control": "no-store",
    }
    return reply
