"""The word that a registry is the one in force: signed at times by the authority or by a registrar, so that whoever
hears none knows that it is cut off; read by whoever holds a registry."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from schemas.trust import signed
from schemas.trust.authority import Authority
from schemas.trust.entries import instant
from schemas.trust.keys import KeyPair
from schemas.trust.model import Role
from schemas.trust.registry import Registry
from schemas.trust.signed import DocumentRefused, moment, number_of

#: How far ahead of ours the authority's clock may be.
LEEWAY = timedelta(seconds=30)
_KIND = "current"


@dataclass(frozen=True, slots=True)
class Word:
    """At `at` (aware) the registry of this number was the newest."""

    number: int
    at: datetime


def sign_word(one: Word, key: KeyPair) -> str:
    """The word as one signed text, by a key of the authority or of a registrar."""
    return signed.sign({_KIND: {"number": one.number, "at": instant(one.at)}}, key)


def is_word(document: Mapping[str, Any]) -> bool:
    """Whether a signed document is a word. Its kind is its only member, so none can be taken for another statement."""
    return set(document) == {_KIND}


def read_word(text: str, registry: Registry, authority: Authority, now: datetime) -> Word:
    """The word that somebody signed who may; raises DocumentRefused."""
    key_id = signed.key_id_of(text)
    listed = registry.key(key_id, now)
    if listed is not None and listed[0].role is Role.REGISTRAR:
        found = _read(signed.read(text, {key_id: listed[1]}))
    else:
        found = _read(signed.read(text, authority.keys))
        end = authority.until.get(key_id)
        if end is not None and max(now, found.at) >= end:
            raise DocumentRefused("retired-key", "its key has handed over")
    if found.at > now + LEEWAY:
        raise DocumentRefused("not-yet-valid", "it is of a time to come")
    return found


def _read(document: Mapping[str, Any]) -> Word:
    said = document.get(_KIND)
    if not is_word(document) or not isinstance(said, dict):
        raise DocumentRefused("malformed", "this is no word of a registry")
    return Word(number_of(said), moment(said, "at"))
