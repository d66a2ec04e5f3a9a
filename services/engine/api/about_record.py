"""`POST /log/about-record`: whether a record is about the person whom a citizen-services system identified, for the
data office where that person says that the record is wrong; used by `app`.

Whom a record is about is told to nobody: it is said of that one person alone. It is entered as asked about them, and
about whom the record that was looked at is about.
"""

from dataclasses import replace

from fastapi import FastAPI, Request, Response

from schemas.contracts.model import Contract, SharingClass
from schemas.trust.about_record import PATH, read_ask, write_answer
from schemas.trust.entries import Act
from schemas.trust.subjects import reader, spelt
from schemas.wire import headers as names
from services.engine.access.vouching import handed_on
from services.engine.api.call import Call, Reply
from services.engine.api.entering import Disclosure
from services.engine.api.for_office import looked_at, named_by, require_office
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
    contract = call.node.catalogue.contract(ask.dataset)
    shared = _shared(contract)
    call.mark("parse")
    await know_own(call)
    require_office(call)
    found = handed_on(call.node.gate, ask, call.caller)
    call.mark("access")
    asked, entered = set(spelt([shared], found.subject)), reader(contract, ())
    call.disclosure = Disclosure(Act.VERIFY, shared, searched=shared.subjects, subjects=set(asked))
    rows = await looked_at(call.node, contract, ask.record)
    # A no says something of those too whom the record is about.
    call.disclosure.subjects.update(named_by(contract, ask.record), entered.of(rows))
    recognised = call.node.log.recognised
    named = recognised(reader(shared, entered.columns).of(rows))
    about = not set(named).isdisjoint(recognised(asked))
    call.disclosure.records = int(about)
    call.mark("select")
    return Reply(200, write_answer(about=about), names.JSON)


def _shared(contract: Contract) -> Contract:
    """The contract as if withheld items said of nobody that a record is about them: their values are confirmed to
    nobody either."""
    withheld = SharingClass.WITHHELD
    subjects = (one for one in contract.subjects if contract.items[one].sharing.sharing_class is not withheld)
    return replace(contract, subjects=tuple(subjects))
