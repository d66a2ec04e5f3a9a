"""The member registry as a gateway or a node holds it: what is in force, when that was last confirmed, and what becomes
of it when a text comes. Whatever comes is its own proof, so it does not matter who brings it."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from schemas.trust import signed
from schemas.trust.authority import Authority, goes_on, handovers_of
from schemas.trust.registry import Registry, from_document
from schemas.trust.signed import DocumentRefused, moment
from schemas.trust.word import LEEWAY, Word, is_word, read_word

#: Longest registry that is taken from others, in bytes: some ten thousand systems.
LARGEST_BYTES = 4 * 1024 * 1024
_NOBODY = Registry(0, datetime.min.replace(tzinfo=UTC), {}, {})


@dataclass(frozen=True, slots=True)
class Held:
    """The registry in force (number 0: none yet, and nobody is a member) with the text that it was read from, and the
    newest word on it with its text. `anchors` are the authority's keys that were told by hand."""

    anchors: Authority
    authority: Authority
    registry: Registry = _NOBODY
    text: str = ""
    issued: datetime | None = None
    word: Word | None = None
    word_text: str = ""

    @property
    def heard(self) -> datetime | None:
        """When the authority last said that this registry is the newest; None before the first."""
        said = [
            one for one in (self.issued, self.word.at if self.word is not None else None) if one is not None
        ]
        return max(said) if said else None

    def age_seconds(self, now: datetime) -> float | None:
        """How long ago that was."""
        return None if self.heard is None else max(0.0, (now - self.heard).total_seconds())

    def facts(self, now: datetime, refused: tuple[str, datetime] | None) -> dict[str, Any]:
        """What /health shows of it, and why and when something that came was refused last."""
        age, last = self.age_seconds(now), None
        if refused is not None:
            reason, at = refused
            last = {"reason": reason, "seconds_ago": round((now - at).total_seconds(), 3)}
        word = None if age is None else round(age, 3)
        return {"number": self.registry.number, "word_age_seconds": word, "refused": last}


def nothing(anchors: Mapping[str, str]) -> Held:
    """What is held before the first registry comes."""
    told = Authority(anchors)
    return Held(told, told)


def kept(held: Held, text: str) -> Held:
    """The registry of a text that was kept here, or put here by a person: who signed it is judged by the time when it
    was issued, and one that has expired is shown as such. Raises DocumentRefused."""
    return _followed(held, text, held.anchors.after(handovers_of(signed.unchecked(text))), None)


def taken(held: Held, text: str, now: datetime) -> Held:
    """What is held after a text has come, a registry or a word; the very same where it is no news. Raises
    DocumentRefused: malformed, unknown-key, bad-signature, retired-key, expired, not-yet-valid, older, contradicts,
    incomplete."""
    document = signed.unchecked(text)
    if not is_word(document):
        return _followed(held, text, held.anchors.after(handovers_of(document)), now)
    word = read_word(text, held.registry, held.authority, now)
    news = word.number == held.registry.number and (held.word is None or word.at > held.word.at)
    return replace(held, word=word, word_text=text) if news else held


def _followed(held: Held, text: str, authority: Authority, now: datetime | None) -> Held:
    document = authority.read(text) if now is None else authority.read_now(text, now)
    registry = from_document(document)
    before = held.registry
    if registry.number < before.number:
        # An older one may be brought back to undo a removal.
        raise DocumentRefused("older", "the registry in force has a higher number")
    if registry.number == before.number:
        if document != signed.unchecked(held.text):
            raise DocumentRefused(
                "contradicts", "the registry in force has this number, and says something else"
            )
        return held
    if not goes_on(before.handovers, registry.handovers):
        raise DocumentRefused("incomplete", "it leaves out how the authority's keys were handed over")
    issued = moment(document, "issued") if "issued" in document else None
    if now is not None:
        _in_time(registry, issued, now)
    return Held(held.anchors, authority, registry, text, issued)


def _in_time(registry: Registry, issued: datetime | None, now: datetime) -> None:
    if registry.expires <= now:
        raise DocumentRefused("expired", "it has expired")
    if issued is not None and issued > now + LEEWAY:
        raise DocumentRefused("not-yet-valid", "it is of a time to come")
