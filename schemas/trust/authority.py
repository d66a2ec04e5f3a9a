"""The authority's keys over time: who may sign registry and grants, and how one key hands over to the next; for whoever
holds a registry, and for the tool that signs it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from schemas.trust import signed
from schemas.trust.keys import BadKey, KeyPair, public_key
from schemas.trust.signed import DocumentRefused, moment, text_of

_KIND = "handover"


@dataclass(frozen=True, slots=True)
class Authority:
    """The keys whose signature counts, key id -> public half in hex. `until` (aware) says of a key that handed over
    when that ends: what is issued from then on, it does not sign."""

    keys: Mapping[str, str]
    until: Mapping[str, datetime] = field(default_factory=dict)

    def read(self, text: str) -> dict[str, Any]:
        """The document that one of the keys signed while its signature counted; raises DocumentRefused."""
        document = signed.read(text, self.keys)
        end = self.until.get(signed.key_id_of(text))
        if end is not None and moment(document, "issued") >= end:
            raise DocumentRefused("retired-key", "issued after its key had handed over")
        return document

    def read_now(self, text: str, now: datetime) -> dict[str, Any]:
        """The same, of a text that comes now: whoever has a key that handed over can say any date. Raises
        DocumentRefused."""
        document = self.read(text)
        end = self.until.get(signed.key_id_of(text))
        if end is not None and now >= end:
            raise DocumentRefused("retired-key", "its key has handed over")
        return document

    def after(self, handovers: Iterable[str]) -> "Authority":
        """The keys after handovers, in their order; raises DocumentRefused. One by a key that was none here is passed
        over: whoever was told a later key needs no proof of it."""
        keys, until = dict(self.keys), dict(self.until)
        for text in handovers:
            signer = signed.key_id_of(text)
            if signer not in keys:
                continue
            if signer in until:
                raise DocumentRefused("malformed", "one key hands over twice")
            key_id, public, end = _read(text, keys)
            if key_id in keys and (keys[key_id] != public or key_id in until):
                raise DocumentRefused(
                    "malformed", "a key hands over to one that is another's, or has handed over"
                )
            keys[key_id], until[signer] = public, end
        return Authority(keys, until)


def hand_over(old: KeyPair, key_id: str, public: str, until: datetime) -> str:
    """The statement by which a key names the next one; its own signature counts no longer than `until` (aware)."""
    next_key = {"id": key_id, "public": public}
    return signed.sign({_KIND: {"key": next_key, "until": until.isoformat()}}, old)


def handovers_of(document: Mapping[str, Any]) -> tuple[str, ...]:
    """The handovers that a registry's document lists, the first first; raises DocumentRefused."""
    listed = document.get("authority", [])
    if not isinstance(listed, list) or not all(isinstance(one, str) and one for one in listed):
        raise DocumentRefused("malformed", "authority must be a list of handovers")
    return tuple(listed)


def read_registry(text: str, told: Mapping[str, str]) -> dict[str, Any]:
    """The document of a registry that one of the authority's keys signed: one that was told (key id -> hex), or one
    that follows from it by the registry's own handovers. Raises DocumentRefused."""
    return Authority(told).after(handovers_of(signed.unchecked(text))).read(text)


def goes_on(before: Sequence[str], after: Sequence[str]) -> bool:
    """Whether a list of handovers holds all that stood before, and only adds to them."""
    return tuple(after[: len(before)]) == tuple(before)


def _read(text: str, keys: Mapping[str, str]) -> tuple[str, str, datetime]:
    document = signed.read(text, keys)
    said = document.get(_KIND)
    next_key = said.get("key") if isinstance(said, dict) else None
    if set(document) != {_KIND} or not isinstance(said, dict) or not isinstance(next_key, dict):
        raise DocumentRefused("malformed", f"this is no {_KIND}")
    public = text_of(next_key, "public")
    try:
        public_key(public)
    except BadKey as fault:
        raise DocumentRefused("malformed", str(fault)) from fault
    return text_of(next_key, "id"), public, moment(said, "until")
