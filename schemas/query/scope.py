"""The rows of a dataset that are granted, by the filter that says which; read where they are asked for, and at each
call under the grant."""

from schemas.contracts.catalogue import Catalogue
from schemas.contracts.model import Contract, SharingClass
from schemas.query.bind import bind
from schemas.query.bound import BoundFilter, conditions
from schemas.query.parse import parse_params
from schemas.wire.problem import Problem


def scope_of(rows: str | None, contract: Contract) -> tuple[BoundFilter, ...] | None:
    """The conditions of a row scope, the inside of `and=(…)`; none for all rows. None where it cannot be read or does
    not fit the contract, and so lets nothing be seen."""
    if rows is None:
        return ()
    try:
        parsed = parse_params([("and", f"({rows})")])
        scope = bind(parsed, Catalogue([contract]), contract.dataset, contract.major).where
    except Problem:
        return None
    # Which rows there are would tell what the item holds.
    withheld = (one.item.sharing.sharing_class is SharingClass.WITHHELD for one in conditions(scope))
    return None if any(withheld) else scope
