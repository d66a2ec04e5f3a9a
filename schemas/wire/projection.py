"""Which items an audience's events show, and which audiences a dataset has; used by relay, catalogue, documents."""

from schemas.contracts.model import Contract, SharingClass
from schemas.wire.topics import RECORD_AUDIENCES, Audience


def shown_to(contract: Contract, audience: Audience) -> tuple[str, ...]:
    """The items that an audience's events show, in the contract's order.

    `granted` shows none: what a grant allows differs from one to another, so its holder fetches the record under it.
    """
    if audience is Audience.PUBLIC:
        return tuple(name for name, item in contract.items.items() if item.open)
    if audience is Audience.SHARED:
        return _of_class(contract, {SharingClass.UNCONDITIONAL})
    return ()


def watched_for(contract: Contract, audience: Audience) -> tuple[str, ...]:
    """The items whose change raises an event for an audience: those shown; for `granted` all that a grant may cover."""
    if audience is Audience.GRANTED:
        return _of_class(contract, {SharingClass.UNCONDITIONAL, SharingClass.CONDITIONAL})
    return shown_to(contract, audience)


def audiences(contract: Contract) -> tuple[Audience, ...]:
    """The audiences that ever learn anything of a dataset; a topic for another one would be silent for ever."""
    return tuple(one for one in RECORD_AUDIENCES if watched_for(contract, one))


def shows_members(contract: Contract) -> bool:
    """Whether every member may see something of the dataset's records, be it what is open to all."""
    return any(shown_to(contract, one) for one in RECORD_AUDIENCES)


def _of_class(contract: Contract, classes: set[SharingClass]) -> tuple[str, ...]:
    return tuple(name for name, item in contract.items.items() if item.sharing.sharing_class in classes)
