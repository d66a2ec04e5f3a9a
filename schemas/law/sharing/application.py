"""An application to use a dataset, and everything that it still lacks; read by `request`, and by forms."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from typing import Any

from schemas.contracts.model import Contract, SharingClass
from schemas.law.sharing.terms import Terms, lacking
from schemas.query.scope import scope_of

_LONGEST_TEXT = 2_000
#: How far ahead a last day of use may be: thirty years. No purpose is known for longer; whoever has one applies again.
LONGEST_USE = timedelta(days=10_957)
_USUAL = Terms()


class Mode(StrEnum):
    """How the data is delivered (article 22)."""

    INTERFACE = "service interface"
    BATCH = "batch exchange"
    FILE = "file download"


@dataclass(frozen=True, slots=True)
class Gap:
    """One thing that an application lacks, or that cannot be read: `field` and, in `reason`, what to do about it."""

    field: str
    reason: str


@dataclass(frozen=True, slots=True)
class Application:
    """What a request states (article 20), as it was filled in: a field that was left empty is empty here.

    `items` of the dataset, for `rows` (a filter such as `division.eq.330203`; empty: all rows), until `until`, the last
    day of use, on `terms`. `officer` applies, `head` is the head of the officer's unit, who consents. `majors` are
    those that the dataset had in the catalogue then, as the office says.
    """

    dataset: str
    items: tuple[str, ...]
    rows: str
    legal_basis: str
    scenario: str
    purpose: str
    mode: str
    until: date | None
    officer: str
    head: str
    terms: Terms = _USUAL
    majors: tuple[int, ...] = ()

    @classmethod
    def read(cls, form: Mapping[str, Any], officer: str, head: str) -> "Application":
        """A form as it came: nothing is refused here, what cannot be read counts as left empty."""
        texts = {name: _text(form.get(name)) for name in _TEXTS}
        listed = form.get("items")
        items = tuple(_text(one) for one in listed) if isinstance(listed, list) else ()
        named = tuple(one for one in items if one)
        until, terms = _day(form.get("until")), Terms.read(form)
        majors = majors_of(form)
        return cls(items=named, until=until, officer=officer, head=head, terms=terms, majors=majors, **texts)


_TEXTS = ("dataset", "rows", "legal_basis", "scenario", "purpose", "mode")
_NEEDED = {
    "legal_basis": "name the law or duty that asks for the data",
    "scenario": "say in which work the data is used",
    "purpose": "say what for, as access logs will say it",
    "officer": "name who applies",
    "head": "name the head of the unit, who consents",
}


def majors_of(said: Mapping[str, Any]) -> tuple[int, ...]:
    """The majors that the step of an application says were published; none where it is one of before."""
    return tuple(said.get("majors", ()))


def gaps(application: Application, contract: Contract, today: date) -> tuple[Gap, ...]:
    """Everything that the application lacks, all of it, so that one notice can say all (article 21)."""
    return tuple(_gaps(application, contract, today))


def _gaps(application: Application, contract: Contract, today: date) -> Iterator[Gap]:
    for field, remedy in _NEEDED.items():
        if not getattr(application, field):
            yield Gap(field, remedy)
    if application.officer and application.officer == application.head:
        yield Gap("head", "the head who consents and the officer who applies are two people")
    if application.mode not in tuple(Mode):
        yield Gap("mode", "say one of: " + ", ".join(Mode))
    if application.until is None or not timedelta(0) < application.until - today <= LONGEST_USE:
        yield Gap("until", "say until which day the data is needed: a date to come, within thirty years")
    yield from _gaps_in_scope(application, contract)
    yield from _gaps_in_terms(application, contract)


def conditional(application: Application, contract: Contract) -> bool:
    """Whether any item asked for is shared on condition."""
    asked = (contract.items[name] for name in application.items if name in contract.items)
    return any(one.sharing.sharing_class is SharingClass.CONDITIONAL for one in asked)


def _gaps_in_scope(application: Application, contract: Contract) -> Iterator[Gap]:
    if not application.items:
        yield Gap("items", "name the items that are needed")
    unknown = sorted(set(application.items) - set(contract.items))
    if unknown:
        yield Gap("items", f"{contract.dataset} has no item {', '.join(unknown)}")
    withheld = sorted(
        name
        for name in set(application.items) & set(contract.items)
        if contract.items[name].sharing.sharing_class is SharingClass.WITHHELD
    )
    if withheld:
        yield Gap("items", f"{contract.dataset} shares with nobody: {', '.join(withheld)}")
    if scope_of(application.rows or None, contract) is None:
        reason = f"write a filter by items that {contract.dataset} shares, such as division.eq.330203"
        yield Gap("rows", f"{reason}, or leave it empty for all rows")


def _gaps_in_terms(application: Application, contract: Contract) -> Iterator[Gap]:
    for field, remedy in lacking(application.terms):
        yield Gap(field, remedy)
    # What is shared freely is agreed to by nobody, and nobody but a department decides that persons are not told.
    if application.terms.hides and not conditional(application, contract):
        name = "untold" if application.terms.untold else "told_after_days"
        yield Gap(name, "persons are told at once of what is shared without condition")


def _text(value: object) -> str:
    return value.strip() if isinstance(value, str) and len(value) <= _LONGEST_TEXT else ""


def _day(value: object) -> date | None:
    try:
        return date.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None
