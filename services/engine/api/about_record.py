"""`POST /log/about-record`: whether a record is about the person whom a citizen-services system identified, for the
data office where that person says that the record is wrong; used by `app`.

Whom a record is about is told to nobody: it is said of that one person alone, and entered as asked about them.
"""

from dataclasses import replace

from fastapi import FastAPI, Request, Response

from schemas.contracts.model import Contract, SharingClass
from schemas.trust.about_record import PATH, read_ask, write_answer
from schemas.trust.entries import Act
from schemas.trust.subjects import spelt
from schemas.wire import headers as names
from services.engine.access.vouching import handed_on
from services.engine.api.call import Call, Reply
from services.engine.api.entering import Disclosure
from services.engine.api.for_office import require_office, whom
from services.engine.api.knowing import know_own
from services.engine.api.own import Told
from services.engine.api.plane import DataPlane


def add_about_record_route(app: FastAPI, plane: DataPlane) -> None:
    """Put the route into the app."""

    @app.post(
        PATH, tags=["control"], summary="Whether a record is about an identified person, for the data office"
    )
    async def about_record(request: Request) -> Response:
        return Told(plane, _tell)


async def _tell(call: Call) -> Reply:
    """Parse, access, select, answer."""
    ask = read_ask(await call.json())
    contract = _shared(call.node.catalogue.contract(ask.dataset))
    call.mark("parse")
    await know_own(call)
    require_office(call)
    found = handed_on(call.node.gate, ask, call.caller)
    call.mark("access")
    node, asked = call.node, set(spelt([contract], found.subject))
    call.disclosure = Disclosure(Act.VERIFY, contract, searched=contract.subjects, subjects=asked)
    named = node.log.recognised(await whom(node, contract, ask.record))
    about = not set(named).isdisjoint(node.log.recognised(asked))
    call.disclosure.records = int(about)
    call.mark("select")
    return Reply(200, write_answer(about=about), names.JSON)


def _shared(contract: Contract) -> Contract:
    """The contract as if withheld items said of nobody that a record is about them: their values are confirmed to
    nobody either."""
    withheld = SharingClass.WITHHELD
    subjects = (one for one in contract.subjects if contract.items[one].sharing.sharing_class is not withheld)
    return replace(contract, subjects=tuple(subjects))
