"""The contracts of the harness's department: the workshop's own, and those before it, of minor versions without some
items; a relay lives by either, and a scenario may change from one to the other in the middle."""

from dataclasses import replace
from types import MappingProxyType

from services.engine.mapping.build import mapping
from services.engine.mapping.model import Mapping
from tests import workshop

NOW = workshop.MAPPINGS


def _without(later: Mapping, item: str) -> Mapping:
    items = {name: one for name, one in later.contract.items.items() if name != item}
    read = {name: (one.column, one.codec) for name, one in later.fields.items() if name != item}
    return mapping(replace(later.contract, items=MappingProxyType(items)), later.table, read)


def formerly() -> tuple[Mapping, ...]:
    """Of tools, each audience of the first major lacks the name, an open item, and those of the second that see it lack
    the price. That of loans is the same."""
    first, second, loans = NOW
    return _without(first, "name"), _without(second, "price"), loans


def contracts(*, before: bool) -> tuple[Mapping, ...]:
    """Those before, or those of now."""
    return formerly() if before else NOW
