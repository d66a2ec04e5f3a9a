"""Case references: the signed word of whoever keeps a case that it is open, whose it is, and whom it is about; made by
systems that keep cases, sent beside a call, and checked by every node.

A reference names nobody: its `subjects` are digests of identifiers under a salt that it bears. Whoever holds it can try
identifiers until one fits, so it is as confidential as the question that it goes with, and no log keeps more of it than
the case's number. It is good for a day at most: a case that was closed is not referred to any longer than that.
"""

import re
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from schemas.contracts.model import Contract
from schemas.query.bound import BoundFilter, BoundGroup, BoundQuery
from schemas.query.tree import Operator
from schemas.trust import signed
from schemas.trust.entries import instant
from schemas.trust.keys import KeyPair
from schemas.trust.model import Caller, Case, Role
from schemas.trust.registry import Registry
from schemas.trust.signed import DocumentRefused, moment, text_of
from schemas.trust.statements import statement
from schemas.trust.subjects import Subject, pseudonym, searched
from schemas.wire.problem import Problem

#: How long a reference may be good, and how far two clocks may differ.
LONGEST, _LEEWAY = timedelta(days=1), timedelta(seconds=30)
OPEN = "open"

_KIND = "case"
_LONGEST_TEXT = 4_096
_NUMBER = re.compile(r"[A-Za-z0-9.-]{1,64}")
_SALT = re.compile(r"[0-9a-f]{32}")


def refer(case: Case, key: KeyPair, *, opened: datetime, now: datetime, until: datetime) -> str:
    """The reference as one signed text, by the key of a system that keeps cases."""
    said = {
        "number": case.number,
        "member": case.member,
        "status": OPEN,
        "opened": instant(opened),
        "issued": instant(now),
        "until": instant(until),
        "salt": case.salt.hex(),
        "subjects": sorted(case.subjects),
    }
    return signed.sign({_KIND: said}, key)


def case_of(number: str, member: str, subjects: Iterable[Subject], salt: bytes) -> Case:
    """A case of a member about these people and organisations. `salt` is 16 random bytes, new for each reference."""
    return Case(number, member, salt, frozenset(pseudonym(salt, one) for one in subjects))


def check(text: str, registry: Registry, now: datetime) -> Case:
    """The open case that a reference speaks of, signed by a system that the registry lists as one that keeps cases;
    Problem case-refused with a `reason`."""
    if len(text) > _LONGEST_TEXT or not text.isascii():
        raise refused("malformed")
    try:
        said = statement(text, registry, _KIND)
        found = registry.key(signed.key_id_of(text), now)
        if found is None or found[0].role is not Role.CASES or now >= registry.expires:
            raise refused("unknown-key")
        opened, issued, until = (moment(said, name) for name in ("opened", "issued", "until"))
        case = _case(said)
    except DocumentRefused as fault:
        raise refused(fault.reason) from None
    if said.get("status") != OPEN:
        raise refused("not-open")
    _check_times(opened, issued, until, now)
    return case


def is_number(text: str) -> bool:
    """Whether a case may be called so. Its number names nobody, for it goes into the access log as it is."""
    return _NUMBER.fullmatch(text) is not None


def about(case: Case, subject: Subject) -> bool:
    """Whether a case is about whom an identifier names; case and outer blanks of it make no difference."""
    return pseudonym(case.salt, subject) in case.subjects


def require(query: BoundQuery, caller: Caller, *, addressed: bool) -> None:
    """Problem case-required or case-refused unless the caller refers to an open case of its member, and the question is
    about whom that case is about: every identifier in it, and the records asked for, by a filter that all of them meet.

    Where records are `addressed` by their ids the question names nobody; whoever answers it shows those alone that are
    of the case.
    """
    contract, case = query.contract, caller.case
    if case is None:
        raise Problem(
            "case-required", f"this use of {contract.dataset} needs an open case, and the call refers to none"
        )
    if case.member != caller.principal:
        raise refused("not-yours")
    others = any(not about(case, one) for one in searched(contract, query.where))
    if others or not (addressed or _names_subject(contract, query.where)):
        raise refused("not-about-this")


def refused(reason: str) -> Problem:
    return Problem("case-refused", f"the case's reference is refused: {reason}", members={"reason": reason})


def _names_subject(contract: Contract, where: tuple[BoundFilter, ...]) -> bool:
    """Whether all records that meet the filters are about somebody whom these name."""
    for one in where:
        if isinstance(one, BoundGroup):
            if not one.any and not one.negated and _names_subject(contract, one.members):
                return True
        elif (
            one.operator in (Operator.EQ, Operator.IN)
            and not one.negated
            and one.item.name in contract.subjects
        ):
            return True
    return False


def _case(said: Mapping[str, Any]) -> Case:
    number, member, salt = (text_of(said, name) for name in ("number", "member", "salt"))
    subjects = said.get("subjects")
    listed = isinstance(subjects, list) and subjects and all(isinstance(one, str) for one in subjects)
    if not listed or not is_number(number) or not _SALT.fullmatch(salt):
        raise DocumentRefused("malformed", "it has no number, no salt or no subjects")
    return Case(number, member, bytes.fromhex(salt), frozenset(said["subjects"]))


def _check_times(opened: datetime, issued: datetime, until: datetime, now: datetime) -> None:
    if until - issued > LONGEST:
        raise refused("too-long-lived")
    if max(opened, issued) > now + _LEEWAY:
        raise refused("not-yet-valid")
    if until <= now:
        raise refused("expired")
