"""A caller's signed question as gateways hand it on, so that a department can see for itself what was asked; made by
gateways, checked by nodes.

What goes on is the caller's own message, without the headers that every call made for it repeats: token, officer,
purpose, case and question id. A node puts its call's own in their place, so another one of them does not fit the
signature. The message is for the gateway that the caller called, where it counts once: so whoever is handed the
question can send it to nobody.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from schemas.trust import message
from schemas.trust.message import COVERED, LIFETIME, Message, MessageRefused, Sent
from schemas.trust.registry import Registry
from schemas.wire import headers as names

#: What a gateway passes on of a call as it came, for nodes must hear it from the caller itself.
PASSED_ON = ("authorization", names.OFFICER, names.PURPOSE, names.CASE)
#: What a call made for a question repeats of it.
_REPEATED = (*PASSED_ON, names.QUESTION)
_NEEDED = ("authorization", names.OFFICER, names.PURPOSE, names.QUESTION)
#: The members of the body of such a call: what this node is asked, and the question.
ASKS, QUESTION = "asks", "question"

_OWN = frozenset({*COVERED, *message.SIGNATURE}.difference(_REPEATED))
_TEXTS = ("method", "path", "query", "body")
_MOST_DIGITS = 9


def can_be_handed_on(call: Message) -> bool:
    """Whether a call is signed, and over all that has to be repeated of it. What another gateway signed is no caller's
    question."""
    return names.HOPS not in call.headers and message.is_signed(call.headers) and _names_all(call)


def handed_on(call: Message) -> dict[str, Any]:
    """The JSON form of a caller's signed message, to be handed on; its body must be UTF-8."""
    own = {name: value for name, value in call.headers.items() if name in _OWN}
    return {
        "method": call.method,
        "path": call.path,
        "query": call.query,
        "headers": own,
        "body": call.body.decode(),
    }


def taken_apart(document: Any) -> tuple[Any, Any]:
    """What a node is asked, and the question that was handed on with it, from the body of a call that bears both; None
    where it does not."""
    if not isinstance(document, dict) or set(document) != {ASKS, QUESTION}:
        return None, None
    return document[ASKS], document[QUESTION]


def message_of(handed: Any, repeated: Mapping[str, str]) -> Message:
    """The message that was handed on with a call of these headers; raises MessageRefused."""
    if not isinstance(handed, dict) or set(handed) != {*_TEXTS, "headers"}:
        raise MessageRefused("malformed")
    own, texts = handed["headers"], [handed[name] for name in _TEXTS]
    if not isinstance(own, dict) or not all(isinstance(one, str) for one in (*texts, *own.values())):
        raise MessageRefused("malformed")
    method, path, query, body = texts
    # What is signed stands in lines: a line break in a value could pass for another line.
    if not _OWN.issuperset(own) or any("\n" in one for one in (method, path, query, *own.values())):
        raise MessageRefused("malformed")
    headers = own | {name: repeated[name] for name in _REPEATED if name in repeated}
    return Message(method, path, query, headers, body.encode())


def check(question: Message, registry: Registry, now: datetime, *, system: str) -> Sent:
    """Who signed a question that a gateway hands on for `system`, which must be that one; raises MessageRefused.

    It is good until the caller's own deadline, where it names one. It names the gateway that the caller called, which
    may be another one than the last on the way; what was signed for a node is no question to be handed on.
    """
    if not _names_all(question):
        raise MessageRefused("malformed")
    called = question.headers.get(names.NODE, "")
    sent = message.check(question, registry, now, node=called)
    if not registry.has_gateway(called):
        raise MessageRefused("not-for-us")
    if sent.sender.system != system:
        raise MessageRefused("wrong-sender")
    deadline = deadline_of(question.headers)
    if deadline is not None and now >= sent.until - LIFETIME + min(deadline, LIFETIME):
        raise MessageRefused("expired")
    return sent


def deadline_of(headers: Mapping[str, str]) -> timedelta | None:
    """How long a call may take, as it says itself; None where it says nothing, or nothing that can be read."""
    text = headers.get(names.DEADLINE, "")
    if not (text.isascii() and text.isdigit() and len(text) <= _MOST_DIGITS):
        return None
    return timedelta(milliseconds=int(text))


def _names_all(call: Message) -> bool:
    return all(name in call.headers for name in _NEEDED)
