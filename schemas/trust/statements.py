"""What nodes sign about their access logs: checkpoints (where a log stands) and countersignatures (that another node
holds a checkpoint); compact JWS, read against the member registry. Used by nodes and by whoever checks a log."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from schemas.trust import signed
from schemas.trust.entries import instant
from schemas.trust.keys import KeyPair
from schemas.trust.registry import Registry
from schemas.trust.signed import DocumentRefused, moment, number_of, text_of

_HASH = re.compile(r"[0-9a-f]{64}")
_CHECKPOINT, _WITNESSED = "checkpoint", "witnessed"


def system_of(node: str) -> str:
    """The name under which the registry lists a node's own key."""
    return f"{node}/node"


def members_of(node: str, registry: Registry) -> frozenset[str]:
    """Whose node it is, by every key that is known of it; none: a stranger's."""
    return frozenset(member.id for member, _ in registry.keys.values() if member.system == system_of(node))


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """At `at` (aware) the log of `node` ended with the entry of this number and hash."""

    node: str
    number: int
    hash: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Countersigned:
    """`witness` holds the checkpoint since `at` (aware)."""

    checkpoint: Checkpoint
    witness: str
    at: datetime


def sign_checkpoint(one: Checkpoint, key: KeyPair) -> str:
    """The checkpoint as one signed text."""
    return signed.sign({_CHECKPOINT: _said(one)}, key)


def read_checkpoint(text: str, registry: Registry) -> Checkpoint:
    """The checkpoint that its own node signed; raises DocumentRefused."""
    found = _checkpoint(statement(text, registry, _CHECKPOINT))
    signed_by(text, registry, found.node, found.at)
    return found


def unchecked_checkpoint(text: str) -> Checkpoint:
    """The checkpoint in a text whose signature was checked when it came; raises DocumentRefused."""
    said = signed.unchecked(text).get(_CHECKPOINT)
    return _checkpoint(said if isinstance(said, dict) else {})


def countersign(one: Countersigned, key: KeyPair) -> str:
    """The witness's word as one signed text."""
    said = {"checkpoint": _said(one.checkpoint), "witness": one.witness, "at": instant(one.at)}
    return signed.sign({_WITNESSED: said}, key)


def read_countersigned(text: str, registry: Registry) -> Countersigned:
    """A witness's word; raises DocumentRefused."""
    said = statement(text, registry, _WITNESSED)
    inner = said.get("checkpoint")
    one = Countersigned(
        _checkpoint(inner if isinstance(inner, dict) else {}), text_of(said, "witness"), moment(said, "at")
    )
    signed_by(text, registry, one.witness, one.at)
    return one


def statement(text: str, registry: Registry, kind: str) -> Mapping[str, Any]:
    """What a statement of a kind says, signed by any member's key; raises DocumentRefused.

    Its kind is its only member, so that no statement can be taken for one of another kind. A registry that has expired
    still says whose a key was.
    """
    key_id = signed.key_id_of(text)
    found = registry.key(key_id)
    document = signed.read(text, {key_id: found[1]} if found is not None else {})
    said = document.get(kind)
    if set(document) != {kind} or not isinstance(said, dict):
        raise DocumentRefused("malformed", f"this is no {kind}")
    return said


def signed_by(text: str, registry: Registry, node: str, at: datetime | None = None) -> None:
    """DocumentRefused unless the key that signed it was the node's own at that moment (aware); None: is, or was."""
    found = registry.key(signed.key_id_of(text), at)
    if found is None or found[0].system != system_of(node):
        raise DocumentRefused("unknown-key", "it is not signed by the node that it speaks of")


def _said(one: Checkpoint) -> dict[str, Any]:
    return {"node": one.node, "number": one.number, "hash": one.hash, "at": instant(one.at)}


def _checkpoint(said: Mapping[str, Any]) -> Checkpoint:
    number = number_of(said)
    digest = text_of(said, "hash")
    if not _HASH.fullmatch(digest):
        raise DocumentRefused("malformed", "hash must be 64 hexadecimal digits")
    return Checkpoint(text_of(said, "node"), number, digest, moment(said, "at"))
