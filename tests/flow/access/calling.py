"""One call of an access case made ready to be sent: who asks, with which token, as which message, and what of these
was changed by hand."""

import base64
import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from hashlib import sha256
from typing import Any

import httpx
import orjson

from schemas.trust.message import Message, sign
from schemas.wire import headers as names
from tests.flow.access import land, words
from tests.flow.access.world import DESK, GATEWAY, Trust

CASE = "case:330200-2026-000001"
#: Who asks, by the name that cases use: the system and the purpose; whatever a case says beside it stands.
WHO: Mapping[str, tuple[str, str]] = {
    "member": ("330200.approvals/window", CASE),
    "grantee": ("330200.approvals/window", "grant:G-1"),
    "other": ("330200.credit/window", "grant:G-1"),
    "owner": ("330203.land_office/window", CASE),
}
#: Who asks for persons and for nothing else, and who asks nothing of its own.
_OTHERS: Mapping[str, tuple[str, str]] = {
    "desk": (DESK, "identified:visit-1"),
    "gateway": (GATEWAY, "grant:G-1"),
}


@dataclass
class Sent:
    """What goes over the wire; `further` are headers that come a second time."""

    method: str
    path: str
    query: str
    body: bytes
    headers: dict[str, str]
    further: list[tuple[str, str]] = field(default_factory=list)

    def request(self) -> httpx.Request:
        headers = [(name, value.encode("latin-1")) for name, value in (*self.headers.items(), *self.further)]
        address = f"{self.path}?{self.query}" if self.query else self.path
        return httpx.Request(self.method, f"http://bridge{address}", headers=headers, content=self.body)

    def message(self) -> Message:
        return Message(self.method, self.path, self.query, self.headers, self.body)


def made(step: Mapping[str, Any], trust: Trust) -> Sent:
    """The call of a step: as it would be right, then with what the case says of token and message."""
    call = step["call"]
    path, _, query = str(call.get("path", "/records/land_office/titles/query")).partition("?")
    said = words.ask(call["ask"], trust) if "ask" in call else call.get("json")
    body = b"" if said is None else orjson.dumps(said)
    sent = Sent(call.get("method", "POST"), path, query, body, {"content-type": names.JSON} if body else {})
    sent.headers |= {name.lower(): value for name, value in call.get("headers", {}).items()}
    if "refers" in step:
        sent.headers[names.CASE] = words.reference(step["refers"], trust)
    return _changed(credentials(sent, step.get("by", "nobody"), trust, step), step.get("message", {}))


def credentials(sent: Sent, by: str, trust: Trust, step: Mapping[str, Any] | None = None) -> Sent:
    """The call as a message of one of those who ask; `step` says what is to be otherwise."""
    step = step or {}
    if by == "nobody":
        return sent
    system, purpose = {**WHO, **_OTHERS}[by]
    change, said = step.get("token", {}), step.get("message", {})
    who = {names.OFFICER: step.get("officer", "officer-1"), names.PURPOSE: step.get("purpose", purpose)}
    sent.headers |= {name: one for name, one in who.items() if one}
    sent.headers["authorization"] = f"{change.get('scheme', 'Bearer')} {_token(change, system, trust)}"
    at = step.get("at", f"{land.EAST}.{land.LAND}")
    if node := said.get("node", GATEWAY if at == "gateway" else at):
        sent.headers[names.NODE] = node
    if not said.get("unsigned"):
        signer = said.get("by", system)
        # With an id it is a question that a gateway can hand on.
        sent.headers.setdefault(names.QUESTION, "q-1")
        key = trust.stranger if signer == "stranger" else trust.systems[signer]
        sent.headers |= sign(sent.message(), key, trust.clock() + timedelta(seconds=said.get("seconds", 0)))
    return sent


def _changed(sent: Sent, said: Mapping[str, Any]) -> Sent:
    """What became of it on its way."""
    for name in said.get("drop", ()):
        sent.headers.pop(name.lower(), None)
    sent.headers |= {name.lower(): value for name, value in said.get("set", {}).items()}
    sent.further += list(said.get("twice", {}).items())
    sent.path = said.get("path", sent.path)
    sent.query = said.get("query", sent.query)
    sent.method = said.get("method", sent.method)
    sent.body = orjson.dumps(said["json"]) if "json" in said else sent.body
    return sent


def _token(change: Mapping[str, Any], system: str, trust: Trust) -> str:
    """A token of the system, made by hand; `change` names what is wrong with it."""
    if "text" in change:
        return str(change["text"])
    now = int(trust.clock().timestamp()) + change.get("seconds", 0)
    claims = {
        "iss": system,
        "sub": system,
        "member": system.partition("/")[0],
        "aud": "langqiao",
        "iat": now,
        "exp": now + change.get("lifetime", 600),
        **change.get("claims", {}),
    }
    own = trust.systems[system]
    key = {None: own, "stranger": trust.stranger}.get(change.get("key")) or trust.systems[change["key"]]
    kid = {"own": own.key_id, "stranger": trust.stranger.key_id}.get(change.get("kid", "own"), "")
    algorithm = change.get("alg", "EdDSA")
    head = {"alg": algorithm, "typ": "JWT", "kid": kid, **change.get("header", {})}
    text = ".".join(
        _part({name: one for name, one in part.items() if one is not None}) for part in (head, claims)
    )
    signatures = {
        "EdDSA": lambda: key.private.sign(text.encode()),
        "none": lambda: b"",
        "HS256": lambda: hmac.new(bytes.fromhex(own.public_hex), text.encode(), sha256).digest(),
    }
    whole = f"{text}.{_base64(signatures[algorithm]())}"
    cut = change.get("cut", 0)
    return whole[: len(whole) - cut] + "A" * change.get("pad", 0)


def _part(content: Mapping[str, Any]) -> str:
    return _base64(orjson.dumps(content))


def _base64(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()
