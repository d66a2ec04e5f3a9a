"""A citizen-services system's signed word that it has identified a person, who now asks what was asked about them, or
says that a record about them is wrong; made by such a system for one of both, read by every node that it reaches."""

import hashlib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from schemas.law.identifiers import BadIdentifier, check_credit_code, check_id_number
from schemas.trust import signed
from schemas.trust.entries import instant
from schemas.trust.keys import KeyPair
from schemas.trust.message import LEEWAY
from schemas.trust.model import Member
from schemas.trust.registry import Registry
from schemas.trust.signed import DocumentRefused, moment, text_of
from schemas.trust.statements import statement
from schemas.trust.subjects import Subject

#: What such a call's purpose begins with; what follows names the act by which the person was identified.
IDENTIFIED = "identified:"
#: What a word is for: that the person looks at what was asked about them.
LOOK = "look"
#: How long after it was signed such a word holds: for the pages of one look, and no longer.
LIFETIME = timedelta(minutes=2)
_VOUCHED = "vouched"
#: A call says it in a header, whoever hands the word on.
_PURPOSE = re.compile(re.escape(IDENTIFIED) + r"[!-~]([ -~]*[!-~])?")


@dataclass(frozen=True, slots=True, repr=False)
class Vouched:
    """`system` identified the person with this ID number; `purpose` (`identified:<reference>`) says by which act of its
    own, `at` (aware) when it said so. With `enterprise`, a credit code, the person asks as who represents that
    enterprise. `use` is what it is for, LOOK or what `filing` gives: whoever is handed it for one can do no other."""

    system: str
    person: str
    purpose: str
    at: datetime
    enterprise: str | None = None
    use: str = LOOK

    @property
    def subject(self) -> Subject:
        """Whom the ask is about."""
        if self.enterprise is not None:
            return "credit-code", self.enterprise
        return "id-number", self.person


def filing(dataset: str, record: str) -> str:
    """What a word is for where the person says that this record, by its id, is wrong."""
    return f"filing {dataset} {record}"


def vouch(one: Vouched, key: KeyPair) -> str:
    """The word as one signed text."""
    said = {"system": one.system, "id_number": one.person, "purpose": one.purpose, "at": instant(one.at)}
    said["for"] = one.use
    if one.enterprise is not None:
        said["credit_code"] = one.enterprise
    return signed.sign({_VOUCHED: said}, key)


def read_vouched(text: str, registry: Registry, now: datetime) -> tuple[Vouched, Member]:
    """What was vouched for, and whose key signed it; raises DocumentRefused, which holds no identifier."""
    if now >= registry.expires:
        raise DocumentRefused("registry-expired", "nobody is a member now")
    said = statement(text, registry, _VOUCHED)
    found = registry.key(signed.key_id_of(text), now)
    one = _vouched(said)
    if found is None or found[0].system != one.system:
        raise DocumentRefused("unknown-key", "it is not signed by the system that it names")
    if one.at > now + LEEWAY:
        raise DocumentRefused("not-yet-valid", "it was signed later than now")
    if one.at <= now - LIFETIME - LEEWAY:
        raise DocumentRefused("expired", "it holds for two minutes")
    return one, found[0]


def as_representative(text: str) -> bool:
    """Whether such a word asks for an enterprise, whoever signed it; raises DocumentRefused."""
    said = signed.unchecked(text).get(_VOUCHED)
    return isinstance(said, dict) and "credit_code" in said


def digest_of(text: str) -> str:
    """What names one such word, and tells nothing of it: it has a signature that nobody can guess."""
    return hashlib.sha256(text.encode()).hexdigest()


def _vouched(said: Mapping[str, Any]) -> Vouched:
    purpose = text_of(said, "purpose")
    if not _PURPOSE.fullmatch(purpose):
        raise DocumentRefused("malformed", "purpose must be identified:<reference>, in visible ASCII")
    return Vouched(
        text_of(said, "system"),
        _identifier(said, "id_number", check_id_number),
        purpose,
        moment(said, "at"),
        None if "credit_code" not in said else _identifier(said, "credit_code", check_credit_code),
        text_of(said, "for"),
    )


def _identifier(said: Mapping[str, Any], name: str, check: Callable[[str], str]) -> str:
    try:
        return check(text_of(said, name))
    except BadIdentifier:
        raise DocumentRefused("malformed", f"{name} is none") from None
