"""What a department's office decided, from its signed document: grants, which of them a call may lean on, and the ends
of majors."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from schemas.query.parse import parse_params
from schemas.trust import elsewhere, left_out, retiring
from schemas.trust.elsewhere import Brief, Briefs
from schemas.trust.left_out import LeftOut
from schemas.trust.model import Caller, Grant
from schemas.trust.retiring import Retirements
from schemas.trust.signed import DocumentRefused, bound_of, moment, numbered, text_of, texts_of
from schemas.trust.word import LEEWAY
from schemas.wire.problem import Problem

PREFIX = "grant:"
#: Most grants that one purpose names: each is of one dataset at one department, and a question may join two datasets
#: that every county of a city keeps.
MOST_NAMED = 32
#: What a purpose may be, for descriptions and hints.
PURPOSE = (
    f"grant:<id>, or grant:<id>,<id> where departments gave a grant each, at most {MOST_NAMED} and no blanks; or"
    " case:<reference>"
)
_ID = r"[\w./-]{1,100}"
_NAMED = re.compile(rf"{PREFIX}({_ID}(?:,{_ID}){{0,{MOST_NAMED - 1}}})", re.ASCII)
#: Longest that what is brought is good for: whoever steals an office's key can grant nothing for longer after it is
#: taken from him.
LONGEST = timedelta(hours=2)


@dataclass(frozen=True, slots=True)
class Grants:
    """The grants of one numbered document, by id. `expires` is aware; None: there is no document. `retiring` are the
    majors that end on a day; that they were told to end holds beyond `expires`. `left_out` are the grants that its
    office could not list, `elsewhere` those of other departments, as far as it says any; None: whoever signed knows
    none of these, so that a name which is unknown here may be one of theirs."""

    number: int = 0
    expires: datetime | None = None
    by_id: Mapping[str, Grant] = field(default_factory=dict)
    retiring: Retirements = field(default_factory=dict)
    left_out: tuple[LeftOut, ...] = ()
    elsewhere: Briefs | None = None

    def named(self, caller: Caller, dataset: str, now: datetime, owner: str) -> Grant | None:
        """The first grant of those that the call's purpose names which is `fitting`."""
        return next(iter(self.fitting(caller, dataset, now, owner)), None)

    def fitting(self, caller: Caller, dataset: str, now: datetime, owner: str) -> tuple[Grant, ...]:
        """The grants for a dataset of `owner` that the call's purpose names, in its order, while they hold: the
        caller's own, or of the member for which it acts, if the grant names the calling system as a delegate."""
        if self.expires is None or now >= self.expires:
            return ()
        named = (self.by_id[one] for one in ids_named(caller.purpose) if one in self.by_id)
        return tuple(one for one in named if _fits(one, caller, dataset, now, owner))

    def of_caller(self, caller: Caller, now: datetime) -> tuple[Grant | Brief, ...]:
        """The grants that the call's purpose names, that are the caller's and in force: here and elsewhere, whatever
        they are for. By what the office said last, also after that has expired."""
        found: list[Grant | Brief] = []
        for one in ids_named(caller.purpose):
            found += [self.by_id[one]] if one in self.by_id else []
            found += (self.elsewhere or {}).get(one, ())
        return tuple(one for one in found if _of(one, caller, now))

    def require_known(self, caller: Caller, now: datetime) -> None:
        """Problem unknown-grant where the purpose names grants and none of them is the caller's and in force, here or
        elsewhere; whoever else's they are. An office that is away, or had no room to say all, keeps nobody from what
        needs no grant."""
        if self.elsewhere is None or not ids_named(caller.purpose):
            return
        if any(one.reason == elsewhere.NO_ROOM for one in self.left_out):
            return
        if not self.of_caller(caller, now):
            raise Problem("unknown-grant", "the purpose names no grant of the caller that is in force")


def ids_named(purpose: str | None) -> tuple[str, ...]:
    """The grants that `grant:<id>` or `grant:<id>,<id>` names, in its order; none where the purpose is of another form,
    names one twice, or more than MOST_NAMED."""
    found = _NAMED.fullmatch(purpose or "")
    ids = found[1].split(",") if found is not None else []
    return tuple(ids) if len(set(ids)) == len(ids) else ()


def _fits(grant: Grant, caller: Caller, dataset: str, now: datetime, owner: str) -> bool:
    return grant.dataset == dataset and grant.provider in (None, owner) and _of(grant, caller, now)


def _of(one: Grant | Brief, caller: Caller, now: datetime) -> bool:
    """Whether it is the caller's, and in force. Who acts for another has those alone that name its system as a
    delegate."""
    if one.member != caller.principal or not one.not_before <= now < one.expires:
        return False
    return caller.on_behalf is None or caller.system in one.delegates


def from_document(document: Mapping[str, Any], owner: str = "") -> Grants:
    """The grants that a document holds, and of `owner` the majors that end; raises DocumentRefused."""
    number, expires, listed = numbered(document, "grants")
    grants = [_grant(one) for one in listed]
    by_id = {grant.id: grant for grant in grants}
    if len(by_id) != len(grants):
        raise DocumentRefused("malformed", "two grants bear one id")
    return Grants(
        number,
        expires,
        by_id,
        retiring.read(document, owner),
        left_out.read(document),
        elsewhere.read(document),
    )


def number_at(now: datetime) -> int:
    """The number of a document that is made at an aware time: its milliseconds, so that a restart of the office, or a
    database of it that was put back, goes on above it."""
    return int(now.timestamp() * 1_000)


def check_brought(brought: Grants, now: datetime) -> None:
    """Raise DocumentRefused unless a document that comes now is of now: one of a far number would keep out all that
    follow, and one that is good for long would outlive who signed it."""
    if brought.expires is None or brought.expires <= now:
        raise DocumentRefused("expired", "it has expired")
    if brought.expires > now + LONGEST + LEEWAY:
        raise DocumentRefused("too-long", f"it is good for more than {LONGEST}")
    if brought.number > number_at(now + LEEWAY):
        raise DocumentRefused("not-yet-valid", "its number is of a time to come")


def check_document(document: Any) -> None:
    """Raise DocumentRefused unless this can be signed as grants."""
    from_document(document if isinstance(document, dict) else {})


def check_grant(one: Mapping[str, Any]) -> None:
    """Raise DocumentRefused unless a document can list this."""
    _grant(one)


def _grant(one: Mapping[str, Any]) -> Grant:
    items = texts_of(one, "items")
    if not items:
        raise DocumentRefused("malformed", "a grant names its items")
    return Grant(
        id=_id_of(one),
        member=text_of(one, "member"),
        dataset=text_of(one, "dataset"),
        items=items,
        purpose=text_of(one, "purpose"),
        not_before=moment(one, "not_before"),
        expires=moment(one, "expires"),
        rows=_rows(one.get("rows")),
        quota_per_day=bound_of(one, "quota_per_day"),
        calls_per_second=bound_of(one, "calls_per_second"),
        provider=None if one.get("provider") is None else text_of(one, "provider"),
        delegates=texts_of(one, "delegates"),
        case_required=_case(one.get("case")),
        untold=None if one.get("untold") is None else text_of(one, "untold"),
        told_after_days=bound_of(one, "told_after_days"),
    )


def _id_of(one: Mapping[str, Any]) -> str:
    grant_id = text_of(one, "id")
    if ids_named(f"{PREFIX}{grant_id}") != (grant_id,):
        raise DocumentRefused(
            "malformed", "no purpose could name it: an id is of letters, digits, . _ - and /"
        )
    return grant_id


def _case(said: object) -> bool:
    if said not in (None, "required"):
        raise DocumentRefused("malformed", "case is required, or not said")
    return said is not None


def _rows(text: object) -> str | None:
    """A row scope is the inside of `and=(…)`: `division.eq.330203`."""
    if text is None:
        return None
    if not isinstance(text, str) or not text:
        raise DocumentRefused("malformed", "rows is a filter such as division.eq.330203")
    try:
        parse_params([("and", f"({text})")])
    except Problem as fault:
        raise DocumentRefused("malformed", "rows cannot be read as a filter") from fault
    return text
