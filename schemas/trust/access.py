"""The one access decision: from contract, grants and question alone, before any record is read. Deny by default."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime

from schemas.contracts.model import SYSTEM_ITEMS, Contract, Item, SharingClass
from schemas.query.bound import BoundColumn, BoundFilter, BoundQuery
from schemas.query.scope import scope_of
from schemas.trust import cases
from schemas.trust.grants import PURPOSE, Grants, ids_named
from schemas.trust.model import Caller, Grant
from schemas.wire.problem import Problem

_PURPOSES = ("grant", "case")
_SAID = f"Send the header Langqiao-Purpose: {PURPOSE}."


@dataclass(frozen=True, slots=True)
class Decided:
    """A question as its caller may put it, and the grant without which it would be answered otherwise; None: it needs
    none. Both are of one moment, so that nothing is given on a grant that nobody spends from or asks after."""

    query: BoundQuery
    grant: Grant | None = None


def decide(
    query: BoundQuery, caller: Caller, grants: Grants, now: datetime, *, owner: str, addressed: bool = False
) -> Decided:
    """The question as this caller may put it, or a Problem.

    `query` is one level without embeds; `owner` is the member id of the department that keeps the dataset. The
    answer has `*` replaced by the items that the caller may see, and the rows narrowed to the grant's scope. Who acts
    on behalf of another member has nothing but by a grant that allows it, and that grant's rows always. Where the grant
    asks for a case, see `cases.require`, also for `addressed`.
    """
    contract = query.contract
    used = query.used_items()
    refuse_early(contract, used.values(), caller)
    grants.require_known(caller, now)
    grant = grants.named(caller, contract.dataset, now, owner) if not caller.anonymous else None
    owned = _owns(caller, owner)
    own = (item for name, item in used.items() if name not in SYSTEM_ITEMS)
    missing = sorted(item.name for item in own if not _allowed(item, caller, grant, owned))
    # Who may see no item learns nothing of the records either: not their ids, not how many there are.
    if missing or not any(_allowed(item, caller, grant, owned) for item in contract.items.values()):
        raise _needs_grant(contract, missing or _conditional(contract) or sorted(contract.items))
    if query.star:
        query = _without_star(query, visible_items(contract, caller, grant, owned))
    if grant is None or not _leans(query, contract, caller, owned):
        return Decided(query)
    if grant.case_required:
        cases.require(query, caller, addressed=addressed)
    return Decided(query.narrowed(*_scope(grant, contract)), grant)


def refuse_early(contract: Contract, used: Iterable[Item], caller: Caller) -> None:
    """What can be refused without grants, by a gateway too: withheld items, and callers who do not say who or why."""
    used = list(used)
    withheld = sorted(item.name for item in used if item.sharing.sharing_class is SharingClass.WITHHELD)
    if withheld or all(one.sharing.sharing_class is SharingClass.WITHHELD for one in contract.items.values()):
        withheld = withheld or sorted(contract.items)
        raise Problem(
            "item-withheld",
            f"{contract.dataset} does not share {_listed(withheld)}",
            members=_named(contract, withheld),
        )
    if caller.anonymous:
        closed = sorted(item.name for item in used if not _open(item, contract))
        if closed or not _opens_something(contract):
            what = _listed(closed) if closed else "anything"
            message = f"{contract.dataset} does not open {what} to everybody; say who asks"
            raise Problem("token-required", message, members=_named(contract, closed))
    else:
        require_purpose(caller)


def require_purpose(caller: Caller) -> None:
    """Problem unless a member's call names its officer and its purpose; a case that is its purpose is also the one that
    it refers to, where it refers to one."""
    require_officer(caller)
    form, _, reference = (caller.purpose or "").partition(":")
    if form not in _PURPOSES or not reference.strip():
        raise Problem("purpose-required", "the call names no purpose", hint=_SAID)
    if form == "grant" and not ids_named(caller.purpose):
        raise Problem("purpose-required", "the purpose does not name grants by their ids", hint=_SAID)
    if form == "case" and caller.case is not None and caller.case.number != reference:
        raise cases.refused("another-case")


def require_officer(caller: Caller) -> None:
    """Problem unless a member's call names its officer."""
    if not caller.officer:
        raise Problem(
            "purpose-required", "the call names no officer", hint="Send the header Langqiao-Officer."
        )


def decide_write(contract: Contract, caller: Caller, *, owner: str) -> None:
    """Problem unless the caller is a system of the department that keeps the dataset, and says what for."""
    if caller.anonymous:
        raise Problem(
            "token-required", f"{contract.dataset} is changed by its own department's systems alone"
        )
    if not _owns(caller, owner):
        raise Problem(
            "not-owner", f"{contract.dataset} is changed by {owner} alone", members={"owner": owner}
        )
    require_purpose(caller)


def visible_items(contract: Contract, caller: Caller, grant: Grant | None, owned: bool) -> tuple[Item, ...]:
    """The items that `*` means for this caller, in the contract's order."""
    return tuple(item for item in contract.items.values() if _allowed(item, caller, grant, owned))


def _allowed(item: Item, caller: Caller, grant: Grant | None, owned: bool) -> bool:
    if item.sharing.sharing_class is SharingClass.WITHHELD:
        return False
    if caller.anonymous:
        return item.open
    if item.sharing.sharing_class is SharingClass.UNCONDITIONAL:
        return caller.on_behalf is None or grant is not None
    return owned or (grant is not None and item.name in grant.items)


def _owns(caller: Caller, owner: str) -> bool:
    """Whether a department's own system asks for itself. What it does for another member, it does as that one."""
    return caller.member == owner and caller.on_behalf is None


def _leans(query: BoundQuery, contract: Contract, caller: Caller, owned: bool) -> bool:
    """Whether the answer is due to the grant: it uses an item of it, or without it nothing would be seen at all, as by
    whoever acts on behalf of another."""
    used = query.used_items().values()
    by_grant = not owned and any(one.sharing.sharing_class is SharingClass.CONDITIONAL for one in used)
    return by_grant or not visible_items(contract, caller, None, owned)


def _conditional(contract: Contract) -> list[str]:
    found = [one for one in contract.items.values() if one.sharing.sharing_class is SharingClass.CONDITIONAL]
    return sorted(one.name for one in found)


def _open(item: Item, contract: Contract) -> bool:
    return item.open or (item is SYSTEM_ITEMS["record_id"] and _opens_something(contract))


def _opens_something(contract: Contract) -> bool:
    return any(item.open for item in contract.items.values())


def _without_star(query: BoundQuery, visible: tuple[Item, ...]) -> BoundQuery:
    named = {column.name for column in query.columns}
    starred = tuple(BoundColumn(item.name, item) for item in visible if item.name not in named)
    return replace(query, columns=starred + query.columns, star=False)


def _scope(grant: Grant, contract: Contract) -> tuple[BoundFilter, ...]:
    scope = scope_of(grant.rows, contract)
    if scope is None:
        message = f"the grant's row scope does not fit {contract.dataset}; the authority must issue it anew"
        raise Problem("grant-required", message, members=_named(contract, sorted(grant.items)))
    return scope


def _needs_grant(contract: Contract, items: list[str]) -> Problem:
    message = f"{contract.dataset} shares {_listed(items)} on a grant alone, and the purpose names none that covers it"
    return Problem("grant-required", message, members=_named(contract, items))


def _named(contract: Contract, items: list[str]) -> dict[str, object]:
    return {"dataset": contract.dataset, "items": items}


def _listed(names: list[str]) -> str:
    return ", ".join(names)
