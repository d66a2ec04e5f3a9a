"""What a node answers to the data office whose grants it honours: that it is that office which asks, and whom a record
is about; shared by `log_entries` and `about_record`."""

from collections.abc import Sequence

from schemas.contracts.model import Contract
from schemas.query.bound import BoundQuery, Value
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


def named_by(contract: Contract, record_id: str) -> set[Subject]:
    """Whom the id itself names, whether or not there is such a record: entered, for it was asked about."""
    return set(addressed(contract, addresses(contract, record_id)))


async def looked_at(node: Node, contract: Contract, record_id: str) -> Sequence[Sequence[Value]]:
    """The record as a row of what `reader` needs of it to say whom it is about; none where there is no such record."""
    columns, keys = reader(contract, ()).columns, await keys_of(node.source, contract, record_id)
    if not (columns and keys):
        return ()
    question = BoundQuery(contract, columns, where=(by_keys(contract, keys),))
    return (await node.source.page(question, limit=1)).rows
