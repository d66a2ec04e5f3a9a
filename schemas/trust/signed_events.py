"""Signed events: a node's signature over an event as it stands on its topic, as the CloudEvents extension `signature`;
made by relays whose setting asks for it, checked by subscribers.

It is over the topic, the key, the body and all other attributes, so an event that was altered, made by another, or
brought to another topic shows. Ed25519 is deterministic: an event that is sent again is the same to the last byte.
"""

import base64
import binascii
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from schemas.trust.keys import KeyPair, suite_of, verifies
from schemas.trust.model import Member
from schemas.trust.registry import Registry
from schemas.trust.signed import DocumentRefused, moment
from schemas.trust.statements import system_of
from schemas.wire.event import Headers
from schemas.wire.topics import Topic

#: The attribute as a Kafka header; its value is `<suite>:<key id>:<signature in base64>`.
HEADER = "ce_signature"
_SOURCE = "ce_source"
#: When the department's database held the change. The event's own time is the record's, and may be any.
_RECORDED = "ce_recordedtime"
_CONTEXT = b"langqiao event"
_ABSENT = (1 << 64) - 1
_ATTRIBUTES, _CONTENT_TYPE = "ce_", "content-type"


class EventRefused(Exception):
    """An event that is not its node's; `reason` is stable: unsigned, malformed, unknown-key, another-node (than it
    names, or than the topic's department has), bad-signature, ended (its key, before the change was made)."""

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(reason)


@dataclass(frozen=True, slots=True)
class Published:
    """An event as a topic has it; `value` is None of a tombstone. Others may write messages without a key, and headers
    without a value."""

    topic: str
    key: bytes | None
    value: bytes | None
    headers: Iterable[tuple[str, bytes | None]]


def sign(event: Published, key: KeyPair) -> Headers:
    """Its headers with the signature of the key's owner."""
    headers = [(name, text) for name, text in event.headers if text is not None and name != HEADER]
    signature = base64.b64encode(key.private.sign(_said(event, headers))).decode()
    return [*headers, (HEADER, f"{key.suite.name}:{key.key_id}:{signature}".encode())]


def check(event: Published, registry: Registry) -> Member:
    """The node whose event it is; raises EventRefused. A key that the registry lists counts for what was changed before
    it ended: a subscriber who reads far back lists the keys of earlier registries too (`History.ending`), all but
    those that were lost."""
    headers = _headers(event)
    texts = [text for name, text in headers if name == HEADER]
    if not texts:
        raise EventRefused("unsigned")
    suite, key_id, signature = _read(texts)
    found = registry.key(key_id)
    if found is None or suite != suite_of(found[1]).name:
        raise EventRefused("unknown-key")
    member, public = found
    sources = [text.decode("utf-8", "replace") for name, text in headers if name == _SOURCE]
    if len(sources) != 1 or member.system != system_of(sources[0]) or member.id != _publisher(event.topic):
        raise EventRefused("another-node")
    if not verifies(public, signature, _said(event, headers)):
        raise EventRefused("bad-signature")
    if registry.key(key_id, _recorded(headers)) is None:
        raise EventRefused("ended")
    return member


def _recorded(headers: Headers) -> datetime:
    """When the change was made, as the event says."""
    try:
        (text,) = (text.decode() for name, text in headers if name == _RECORDED)
        return moment({_RECORDED: text}, _RECORDED)
    except (ValueError, DocumentRefused):
        raise EventRefused("malformed") from None


def _headers(event: Published) -> Headers:
    """Its headers, of which those that are its own have a value. What a mirror adds is none of the event's."""
    if any(text is None and _is_own(name) for name, text in event.headers):
        raise EventRefused("malformed")
    return [(name, text) for name, text in event.headers if text is not None]


def _is_own(name: str) -> bool:
    return name == _CONTENT_TYPE or name.startswith(_ATTRIBUTES)


def _publisher(topic: str) -> str:
    """The department whose topic it is; empty where it is none of records."""
    try:
        found = Topic.parse(topic)
    except ValueError:
        return ""
    return f"{found.division}.{found.dataset.partition('.')[0]}"


def _said(event: Published, headers: Headers) -> bytes:
    """What is signed: each part after its length in 8 bytes."""
    parts: list[bytes | None] = [_CONTEXT, event.topic.encode(), event.key, event.value]
    for name, text in sorted(headers):
        if _is_own(name) and name != HEADER:
            parts += [name.encode(), text]
    return b"".join(_ABSENT.to_bytes(8) if one is None else len(one).to_bytes(8) + one for one in parts)


def _read(texts: list[bytes]) -> tuple[str, str, bytes]:
    try:
        (text,) = texts
        suite, key_id, signature = text.decode("ascii").split(":")
        return suite, key_id, base64.b64decode(signature, validate=True)
    except (ValueError, binascii.Error):
        raise EventRefused("malformed") from None
