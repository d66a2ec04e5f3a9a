"""The data plane: one route for everything under /records, answered with ready bytes; put first by `app`.

A custom route instead of FastAPI's keeps a hop at a third of the cost; what it can refuse, it refuses as a problem.
"""

import asyncio
import logging
import re
import secrets
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, unquote

from starlette.routing import BaseRoute, Match
from starlette.types import Receive, Scope, Send

from gateway import persons
from gateway.binding import known_dataset
from gateway.call import Call, Disconnected, Gateway, Reply
from gateway.faults import problem_of, refusal
from gateway.listing import list_records
from gateway.lookup import look_up
from gateway.one import read_one
from gateway.sending import send_reply
from gateway.verify import verify
from schemas.trust.message import Message
from schemas.trust.retiring import notice
from schemas.wire import headers as names
from schemas.wire.problem import Problem

_Action = Callable[[Call], Awaitable[Reply]]

#: What can be done at each address: the last path segment (`{record_id}` for any other) and the method.
_DATASET: Mapping[str, _Action] = {"GET": list_records, "HEAD": list_records}
_RECORD: Mapping[str, _Action] = {"GET": read_one, "HEAD": read_one}
_VERBS: Mapping[str, Mapping[str, _Action]] = {
    "query": {"POST": list_records},
    "lookup": {"POST": look_up},
    "verify": {"POST": verify},
    # A gateway would be told all rows of a grant; so callers ask each department themselves.
    "changes": {},
}
_WRITES = frozenset({"POST", "PUT", "PATCH", "DELETE"})
_FOLLOW = "Send this call to the department itself, or follow the topic that /catalogue names."
_QUESTION = re.compile(r"[A-Za-z0-9._-]{1,64}")
_MEMBER = re.compile(r"\d{6}\.[a-z][a-z0-9_]{0,63}", re.ASCII)
_log = logging.getLogger("langqiao.access")


@dataclass
class DataPlane(BaseRoute):
    """Everything under /records, and what persons ask. `gateway` is set while the service runs; before that it is not
    ready."""

    gateway: Gateway | None = field(default=None)

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        path = scope.get("path", "")
        mine = scope["type"] == "http" and (path.startswith("/records/") or path in persons.ACTIONS)
        return (Match.FULL if mine else Match.NONE), {}

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self.gateway is None:
            await send_reply(refusal(Problem("not-ready", "The gateway is starting.")), receive, send)
            return
        call = _call(self.gateway, scope, receive)
        status = await _serve(call, send)
        _log.info(
            "%s %s %s member=%s status=%d ms=%.1f question=%s",
            call.method,
            call.route,
            call.dataset or "-",
            _safe(call.caller.member),
            status,
            call.timing.milliseconds,
            call.question,
        )


async def _serve(call: Call, send: Send) -> int:
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
            call.hops()
            action = _route(call)
            await _admit(call)
            reply = await action(call)
            await send_reply(_stamped(call, reply), call.receive, sending, head=call.method == "HEAD")
            return reply.status
    except Disconnected:
        return 499
    except Exception as fault:
        reply = refusal(problem_of(fault, call.question))
        if not started:
            await send_reply(_stamped(call, reply), call.receive, send, head=call.method == "HEAD")
        # Else the answer has begun: leaving it unfinished makes the server cut the connection, which no caller
        # can take for a whole answer.
        return reply.status


def _route(call: Call) -> _Action:
    """The action for this address; Problem unknown-path, unknown-dataset, method-not-allowed."""
    if call.path in persons.ACTIONS:
        return _of_persons(call)
    kind, name, *rest = [
        unquote(part) for part in call.path.removeprefix("/records/").rstrip("/").split("/")
    ] + [""]
    rest = rest[:-1]
    if not name or len(rest) > 1:
        raise Problem("unknown-path", "Records stand at /records/{kind}/{dataset}.")
    call.dataset = known_dataset(call, f"{kind}.{name}")
    call.route, actions = _actions(rest)
    if actions is _RECORD:
        call.record_id = rest[0]
    if call.method not in actions:
        raise _not_here(call, actions)
    return actions[call.method]


async def _admit(call: Call) -> None:
    """Problem bad-message, bad-token, too-large unless the call may be acted on."""
    messages = call.gateway.messages
    if messages.needs_check(call.headers):
        messages.take(Message(call.method, call.path, call.query, call.headers, await call.body()))
        call.mark("message")


def _of_persons(call: Call) -> _Action:
    call.route = call.path
    if call.method != "POST":
        raise Problem("method-not-allowed", "This address takes POST.", headers={"Allow": "POST"})
    return persons.ACTIONS[call.path]


def _actions(rest: list[str]) -> tuple[str, Mapping[str, _Action]]:
    if not rest:
        return "/records/{kind}/{dataset}", _DATASET
    verb = _VERBS.get(rest[0])
    if verb is not None:
        return f"/records/{{kind}}/{{dataset}}/{rest[0]}", verb
    return "/records/{kind}/{dataset}/{record_id}", _RECORD


def _not_here(call: Call, actions: Mapping[str, _Action]) -> Problem:
    allowed = {"Allow": ", ".join(actions)}
    if actions and (call.method not in _WRITES or actions not in (_DATASET, _RECORD)):
        return Problem("method-not-allowed", f"This address takes {allowed['Allow']}.", headers=allowed)
    owners = sorted({owner for offer in call.area.offers[call.dataset] for owner in offer.providers})
    done, hint = ("written", None) if actions else ("followed", _FOLLOW)
    message = f"{call.dataset} is {done} at its department alone: {', '.join(owners)}."
    return Problem("method-not-allowed", message, hint, members={"owners": owners}, headers=allowed)


def _call(gateway: Gateway, scope: Scope, receive: Receive) -> Call:
    headers: dict[str, str] = {}
    for raw_name, raw_value in scope["headers"]:
        name, value = raw_name.decode("latin-1").lower(), raw_value.decode("utf-8", "replace")
        headers[name] = f"{headers[name]}, {value}" if name in headers else value
    asked = headers.get(names.QUESTION, "")
    path = scope.get("raw_path") or scope["path"].encode()
    return Call(
        gateway=gateway,
        area=gateway.area,
        method=scope["method"],
        path=path.decode("latin-1"),
        query=scope["query_string"].decode("utf-8", "replace"),
        parameters=parse_qsl(scope["query_string"].decode("utf-8", "replace"), keep_blank_values=True),
        headers=headers,
        # Another's text goes into our log only in a form that can do no harm there.
        question=asked if _QUESTION.fullmatch(asked) else secrets.token_hex(8),
        receive=receive,
    )


def _safe(member: str | None) -> str:
    """A member's id, which an unchecked token gave, only where it is formed as one."""
    return member if member is not None and _MEMBER.fullmatch(member) else "-"


def _noticed(call: Call, reply: Reply) -> Mapping[str, str]:
    """The notice that the root's major ends on a day, where its nodes' catalogues say one."""
    version, ending = reply.headers.get(names.CONTRACT_VERSION), call.area.ending
    found = ending.get((call.dataset, int(version))) if ending and version is not None else None
    return {} if found is None else notice(found.noticed_at, found.ends_on)


def _stamped(call: Call, reply: Reply) -> Reply:
    reply.headers |= {
        **_noticed(call, reply),
        "Server-Timing": call.timing.header(),
        names.QUESTION: call.question,
        "Cache-Control": "no-store",
    }
    return reply
