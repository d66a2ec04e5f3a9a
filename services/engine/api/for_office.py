"""What a node answers to the data office whose grants it honours: that it is that office which asks, and whom a record
is about; shared by `log_entries` and `about_record`."""

from schemas.contracts.model import Contract
from schemas.query.bound import BoundQuery
from schemas.trust.offices import is_over
from schemas.trust.subjects import Subject, addressed, reader
from schemas.wire import headers as names
from schemas.wire.problem import Problem
from services.engine.api.addressing import addresses, keys_of
from services.engine.api.call import Call
from services.engine.node import Node
from services.engine.source.keys import by_keys


def require_office(call: Call) -> None:
    """Problem unless the office of this node asks for itself, by a message that is for this node alone: another
    department could pass it on otherwise, and be told what is this one's to tell."""
    gate, caller = call.node.gate, call.caller
    if caller.anonymous or caller.member is None:
        raise Problem("token-required", "This is told to nobody in particular.")
    if call.message is None or names.NODE not in call.headers:
        members = {"reason": "missing"}
        raise Problem("bad-message", "the message is refused: it must name this node", members=members)
    if not is_over(gate.registry.value, caller.member, gate.owner) or caller.on_behalf is not None:
        raise unknown_path()
    call.node.log.require()


def unknown_path() -> Problem:
    """What everybody else is told, whatever is asked."""
    return Problem("unknown-path", "Nothing is answered here.")


async def whom(node: Node, contract: Contract, record_id: str) -> set[Subject]:
    """Whom the record is about, as a look at it by its id is entered; nobody where there is no such record."""
    found = set(addressed(contract, addresses(contract, record_id)))
    about, keys = reader(contract, ()), await keys_of(node.source, contract, record_id)
    if about.columns and keys:
        page = await node.source.page(
            BoundQuery(contract, about.columns, where=(by_keys(contract, keys),)), limit=1
        )
        found.update(about.of(page.rows))
    return found
