"""Signed messages: who sent a call, to whom, unaltered and once; HTTP Message Signatures (RFC 9421) with one fixed list
of components. Made by whoever calls a node or gateway, checked by both.

A token says whose call it is and serves many; a message is one call. What is signed is everything that decides what
the call may have or do: method, path, query, body, token, officer, purpose, case, question, deadline, range, condition,
and the node that it is for. A list that leaves out one of those that are there, or names one that is not, is refused.
"""

import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from schemas.trust.http_signature import base_of, digest_of, groups, octets, signature
from schemas.trust.keys import KeyPair, suite_of, verifies
from schemas.trust.model import Member
from schemas.trust.registry import Registry
from schemas.trust.suites import SUITES
from schemas.wire import headers as names

#: How long a message may be on its way, and how far two clocks may differ.
LIFETIME, LEEWAY = timedelta(seconds=60), timedelta(seconds=30)
#: How long after it came a message can come again: its sender's clock may be ahead of ours.
REACH = LIFETIME + 2 * LEEWAY

_LABEL = "langqiao"
_ALWAYS = ("@method", "@path", "@query", "content-digest")
#: Headers that are covered where they are there.
COVERED = (
    "authorization",
    names.OFFICER,
    names.PURPOSE,
    names.CASE,
    names.QUESTION,
    names.DEADLINE,
    names.HOPS,
    names.CONTRACT_VERSION,
    names.IDEMPOTENCY_KEY,
    "if-match",
    "prefer",
    "range",
    names.NODE,
)
#: The headers that make a call a signed message.
SIGNATURE = ("content-digest", "signature-input", "signature")
_LONGEST = 2_048
_INPUT = re.compile(
    rf'{_LABEL}=(?P<parameters>\((?P<components>[a-z0-9@" -]+)\)(?P<rest>;[a-zA-Z0-9=;"._-]+))'
)
#: In any order, each of them once, and no other.
_PARAMETER = re.compile(
    r';(?:created=(?P<created>\d{1,12})|nonce="(?P<nonce>[A-Za-z0-9_-]{16,64})"'
    rf'|keyid="(?P<key>[A-Za-z0-9._-]{{1,64}})"|alg="(?P<alg>{"|".join(SUITES)})"|(?P<tag>tag="{_LABEL}"))'
)
_PARAMETERS = 5
_SIGNATURE = re.compile(rf"{_LABEL}=:(?P<signature>[A-Za-z0-9+/]{{86}}==):")


class MessageRefused(Exception):
    """A message that is not to be acted on; `reason` is stable: malformed, unknown-key, bad-signature, altered,
    not-for-us, not-yet-valid, expired; whoever is called adds missing, wrong-sender, replayed."""

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(reason)


@dataclass(frozen=True, slots=True)
class Message:
    """A call as it goes over the wire: `path` and `query` as sent (no question mark), header names in lower case."""

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Sent:
    """Who sent a message, by which key; and what makes it one of its kind, until when it could be sent again."""

    sender: Member
    key_id: str
    nonce: str
    until: datetime

    @property
    def created(self) -> datetime:
        """When it was made, by its sender's clock, to the second."""
        return self.until - LIFETIME - LEEWAY

    def __str__(self) -> str:
        """As an access entry names it: key id, nonce, and the Unix time until which it could be sent again."""
        return f"{self.key_id}:{self.nonce}:{int(self.until.timestamp())}"


def sign(message: Message, key: KeyPair, now: datetime, *, nonce: str | None = None) -> dict[str, str]:
    """The headers that make it a message of the key's owner; they are to be sent beside its own."""
    digest = {"content-digest": digest_of(message.body)}
    listed = " ".join(f'"{name}"' for name in _covered(message.headers))
    parameters = (
        f'({listed});created={int(now.timestamp())};nonce="{nonce or secrets.token_urlsafe(16)}"'
        f';keyid="{key.key_id}";alg="{key.suite.name}";tag="{_LABEL}"'
    )
    base = _base(message, digest["content-digest"], parameters)
    return digest | signature(_LABEL, parameters, base, key)


def is_signed(headers: Mapping[str, str]) -> bool:
    """Whether a call bears a signature, or what looks like one: it is to be checked then."""
    return "signature" in headers or "signature-input" in headers


def check(message: Message, registry: Registry, now: datetime, *, node: str) -> Sent:
    """Who sent it to `node`, and to no other; raises MessageRefused. Whether it came before, only whoever remembers can
    say: see `replay`."""
    said = _said(message.headers.get("signature-input", ""))
    given = groups(message.headers.get("signature", ""), _SIGNATURE, _LONGEST, MessageRefused)["signature"]
    if said["components"] != " ".join(f'"{name}"' for name in _covered(message.headers)):
        raise MessageRefused("malformed")
    found = registry.key(said["key"], now)
    if found is None or now >= registry.expires:
        raise MessageRefused("unknown-key")
    sender, public = found
    if said["alg"] != suite_of(public).name:
        raise MessageRefused("malformed")
    digest = message.headers.get("content-digest", "")
    if not verifies(public, octets(given, MessageRefused), _base(message, digest, said["parameters"])):
        raise MessageRefused("bad-signature")
    if digest != digest_of(message.body):
        raise MessageRefused("altered")
    if message.headers.get(names.NODE) != node:
        raise MessageRefused("not-for-us")
    return Sent(sender, said["key"], said["nonce"], _until(int(said["created"]), now))


def _until(created: int, now: datetime) -> datetime:
    age = now.timestamp() - created
    if age < -LEEWAY.total_seconds():
        raise MessageRefused("not-yet-valid")
    if age >= (LIFETIME + LEEWAY).total_seconds():
        raise MessageRefused("expired")
    return datetime.fromtimestamp(created, UTC) + LIFETIME + LEEWAY


def _covered(headers: Mapping[str, str]) -> tuple[str, ...]:
    return _ALWAYS + tuple(name for name in COVERED if name in headers)


def _base(message: Message, digest: str, parameters: str) -> bytes:
    """What is signed, line by line (RFC 9421, section 2.5)."""
    derived = {
        "@method": message.method,
        "@path": message.path,
        "@query": f"?{message.query}",
        "content-digest": digest,
    }
    lines = [
        f'"{name}": {derived[name] if name in derived else message.headers[name].strip()}'
        for name in _covered(message.headers)
    ]
    return base_of(lines, parameters)


def _said(text: str) -> dict[str, str]:
    """The components that are covered, and the signature's parameters by name."""
    found = dict(groups(text, _INPUT, _LONGEST, MessageRefused))
    said = list(_PARAMETER.finditer(found["rest"]))
    given = {name: value for one in said for name, value in one.groupdict().items() if value is not None}
    if "".join(one.group() for one in said) != found["rest"] or not len(said) == len(given) == _PARAMETERS:
        raise MessageRefused("malformed")
    return found | given
