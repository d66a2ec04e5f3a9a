"""What a person is told of the access log: the form of the ask and of its answer, and which entries are told as what;
pure. Used by nodes, by the gateway that asks them all, and by whoever asks it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from schemas.trust.elsewhere import Brief
from schemas.trust.entries import instant
from schemas.trust.grants import ids_named
from schemas.trust.model import Grant
from schemas.wire.problem import Problem

#: Where a node says what was asked about a person, and a gateway what all of its nodes say.
PATH = "/log/about-me"
#: Where the node of an enterprise register says whether a person represents an enterprise, and a gateway what all of
#: its nodes say.
MANDATES = "/log/mandates"
#: Entries in one page: how many when nothing is said, and at most.
DEFAULT_LIMIT, MOST = 100, 1_000
#: No log has an entry of a higher number.
LAST = 2**63
#: Most signed texts, and gateways, in one ask: each word of a register is a signature to check.
_MOST_TEXTS, _LONGEST = 1_000, 4_096
#: No moment comes later.
_NEVER = datetime.max.replace(tzinfo=UTC)
_MEMBERS = frozenset({"vouched", "mandates", "before", "limit", "via"})
#: What of an entry is told in its own words.
_TOLD = (
    "node",
    "at",
    "act",
    "member",
    "system",
    "on_behalf",
    "purpose",
    "case",
    "dataset",
    "items",
    "searched",
)


@dataclass(frozen=True, slots=True, repr=False)
class Ask:
    """One ask, as a body holds it: `vouched` and `mandates` are signed texts; `before` is, by node, the number of the
    last entry that was told already; `via` are the gateways that the ask has passed."""

    vouched: str
    mandates: tuple[str, ...] = ()
    before: Mapping[str, int] = field(default_factory=dict)
    limit: int = DEFAULT_LIMIT
    via: tuple[str, ...] = ()

    def body(self) -> dict[str, Any]:
        """The ask as a JSON object."""
        return {
            "vouched": self.vouched,
            "mandates": list(self.mandates),
            "before": dict(self.before),
            "limit": self.limit,
            "via": list(self.via),
        }


def read_ask(members: Mapping[str, Any]) -> Ask:
    """The ask in a body; Problem bad-body names the member that does not fit, and no value."""
    if unknown := members.keys() - _MEMBERS:
        raise _bad(f"has {len(unknown)} members that an ask has not")
    before, limit = members.get("before", {}), members.get("limit", DEFAULT_LIMIT)
    if not isinstance(before, dict) or not all(map(_is_number, before.values())):
        raise _bad("before must be an object: node -> number of an entry")
    if type(limit) is not int or not 1 <= limit <= MOST:
        raise _bad(f"limit must be a whole number from 1 to {MOST}")
    [vouched] = _texts([members.get("vouched")], "vouched must be a signed text")
    mandates = _texts(
        members.get("mandates", []), f"mandates must be a list of signed texts, at most {_MOST_TEXTS}"
    )
    via = _texts(members.get("via", []), f"via must be a list of gateways, at most {_MOST_TEXTS}")
    return Ask(vouched, mandates, before, limit, via)


def may_stand(listed: Sequence[object]) -> bool:
    """Whether an ask may hold these as its signed texts."""
    return len(listed) <= _MOST_TEXTS and all(
        isinstance(one, str) and 0 < len(one) <= _LONGEST for one in listed
    )


def told(said: Mapping[str, Any], now: datetime, grants: Mapping[str, Grant]) -> dict[str, Any] | None:
    """What a person is told of an entry about them; None: nothing, or nothing yet.

    Who: member, system, and the officer's unit, which is what stands before a slash in the officer's name; not the
    officer, whom the department knows by the entry's number. `found` says whether a record was shown. `use` is what
    the grant was given for, while it is known: the one that was leaned on, or else the first that the purpose names;
    of one that hides it is not told.
    """
    since, records = said.get("told_from", ""), said.get("records", 0)
    if "untold" in said or not isinstance(since, str) or since > instant(now):
        return None
    shown = {name: said[name] for name in _TOLD if name in said}
    unit, slash, _ = str(said.get("officer", "")).partition("/")
    if slash and unit:
        shown["unit"] = unit
    if (use := _use(said, grants)) is not None:
        shown["use"] = use
    return {**shown, "entry": said["number"], "found": type(records) is int and records > 0}


def _use(said: Mapping[str, Any], grants: Mapping[str, Grant]) -> str | None:
    ids = (str(said["grant"]),) if "grant" in said else ids_named(str(said.get("purpose", "")))
    known = (grants[one] for one in ids if one in grants)
    member = said.get("on_behalf", said.get("member"))
    return next((one.purpose for one in known if one.member == member and not _hides(one, said)), None)


def _hides(grant: Grant, said: Mapping[str, Any]) -> bool:
    """Whether a grant hides what is told now: an entry that was made before this was known does not say so itself."""
    return grant.untold is not None or (grant.told_after_days is not None and "told_from" not in said)


def hidden_by(named: Iterable[Grant | Brief], at: datetime) -> tuple[str | None, str | None]:
    """On what basis no person is told of a call at `at` whose purpose names these grants of the caller, and from when
    they are: any of them hides, for the call's purpose tells of each, whatever dataset it was for."""
    grants = sorted(named, key=lambda one: one.id)
    times = [since for one in grants if (since := told_from(one, at)) is not None]
    return next((one.untold for one in grants if one.untold is not None), None), max(times, default=None)


def told_from(grant: Grant | Brief, at: datetime) -> str | None:
    """From when a person is told of what was done under a grant at `at`; None: at once, or never (`untold`)."""
    if grant.told_after_days is None:
        return None
    try:
        return instant(at + timedelta(days=grant.told_after_days))
    except OverflowError:
        return instant(_NEVER)


def place_after(told_last: Mapping[str, int], entries: Sequence[Mapping[str, Any]]) -> dict[str, int]:
    """Where the next page begins, by node: after these entries, and after those of earlier pages."""
    return {**told_last, **{one["node"]: one["entry"] for one in entries}}


def _is_number(said: object) -> bool:
    return type(said) is int and 0 < said <= LAST


def _texts(listed: object, otherwise: str) -> tuple[str, ...]:
    if not isinstance(listed, list) or not may_stand(listed):
        raise _bad(otherwise)
    return tuple(listed)


def _bad(what: str) -> Problem:
    return Problem("bad-body", f"The body is no ask: {what}.")
