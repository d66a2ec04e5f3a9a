"""A parsed question bound to the area's contracts: the bind stage; used by every read."""

from gateway.call import Call
from schemas.query.bind import bind
from schemas.query.bound import BoundQuery
from schemas.query.tree import Query
from schemas.wire.problem import Problem

#: What may be wrong only because the node that would put it right has not been met yet.
_PERHAPS = frozenset({"unknown-dataset", "unknown-version", "unknown-link"})
_RETRY_SECONDS = "2"


def bound(call: Call, query: Query, *, in_url: bool = False) -> BoundQuery:
    """The question over the call's dataset; Problem with position and nearest name."""
    try:
        return bind(query, call.area.catalogue, call.dataset, call.major(), in_url=in_url)
    except Problem as fault:
        raise perhaps(call, fault) from None


def known_dataset(call: Call, dataset: str) -> str:
    """The dataset, when a node keeps it; Problem unknown-dataset or not-ready."""
    try:
        return call.area.catalogue.contract(dataset).dataset
    except Problem as fault:
        raise perhaps(call, fault) from None


def perhaps(call: Call, fault: Problem) -> Problem:
    """Not to know is no ground to deny: while a node was never met, what it may offer is not called unknown."""
    unmet = call.gateway.watch.unknown
    if fault.code not in _PERHAPS or not unmet:
        return fault
    message = f"{fault.detail}; but {len(unmet)} nodes of this area have not answered yet"
    return Problem("not-ready", message, members=fault.members, headers={"Retry-After": _RETRY_SECONDS})
