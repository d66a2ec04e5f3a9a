"""`GET /office/deadlines`: what is overdue and what is due soon, with the article and who has to act; for `routes`.

The office is told all of it, any other member what it has to do and what it waits for; and what waits for the office to
grant more time, however far its day is. Each kind of matter that is told of is an entry in the access log.
"""

from collections.abc import Sequence
from typing import Any

import orjson
from fastapi import FastAPI, Request, Response

from schemas.contracts.catalogue import Catalogue
from schemas.derived.calling import OF_A_MEMBER
from schemas.query.bound import Value
from schemas.trust.entries import Act
from schemas.trust.subjects import kind_of, reader
from schemas.wire import headers as names
from schemas.wire.problem import MEDIA_TYPE, Problem
from services.departments.data_office.calls import admitted
from services.departments.data_office.deadlines import MATTERS, MENDED, Deadline
from services.departments.data_office.matters import Matter
from services.departments.data_office.office import Office
from services.departments.data_office.parties import about_record
from services.engine.api.call import Call, Reply
from services.engine.api.entering import Disclosure, enter
from services.engine.api.own import Told
from services.engine.api.plane import DataPlane

#: A year has some 250 working days.
_MOST_DAYS = 250
_SHOWN = ("dataset", "provider", "clock", "due_on", "pending_calendar")
_PARAMETERS = [
    {
        "name": "within",
        "in": "query",
        "description": "Working days from today; 0: what is over, and what is due today.",
        "schema": {"type": "integer", "minimum": 0, "maximum": _MOST_DAYS, "default": 1},
    },
    *OF_A_MEMBER,
]


def add_deadlines_route(app: FastAPI, plane: DataPlane) -> None:
    """Put the route into the app."""

    @app.get(
        "/office/deadlines",
        tags=["office"],
        summary="What is overdue and what is due soon, and who has to act",
        openapi_extra={"parameters": _PARAMETERS, "security": [{"token": []}]},
        responses={"default": {"description": "A problem (RFC 9457).", "content": {MEDIA_TYPE: {}}}},
    )
    async def deadlines(request: Request) -> Response:
        office: Office = request.app.state.office
        return Told(plane, lambda call: _deadlines(office, call))


async def _deadlines(office: Office, call: Call) -> Reply:
    people = await admitted(call)
    within = _days(dict(call.parameters).get("within", "1"))
    everything = people.member == office.requests.office
    found = [
        one for one in await office.deadlines.within(within) if everything or one.concerns(people.member)
    ]
    decisions = [one for one in await office.deadlines.asked() if everything or one.concerns(people.member)]
    member = None if everything else people.member
    body = orjson.dumps(
        {
            "today": office.clocks.today().isoformat(),
            "within": within,
            "deadlines": [one.told(member) for one in found],
            "decisions": [one.told(member) for one in decisions],
        }
    )
    shown = [*found, *decisions]
    contracts = office.corrections.contracts
    told = [
        _disclosed(call, contracts, matter, [one for one in shown if one.matter is matter])
        for matter in MATTERS
    ]
    first, *others = [one for one in told if one.records] or told[:1]
    for one in others:
        await enter(call, one, body)
    call.disclosure = first
    return Reply(200, body, names.JSON)


def _disclosed(
    call: Call, contracts: Catalogue, matter: Matter[Any], found: Sequence[Deadline]
) -> Disclosure:
    """What an answer discloses of one kind of matter."""
    contract = call.node.catalogue.contract(matter.records)
    about = reader(contract, ())
    rows: list[list[Value]] = [[one.record[column.item.name] for column in about.columns] for one in found]
    kind = kind_of(contract, contract.items[matter.id_item])
    subjects = {*about.of(rows), *((kind, one.matter_id) for one in found)}
    to_mend = [one for one in found if one.mended]
    subjects |= {subject for one in to_mend for subject in about_record(contract, one.record, contracts)}
    mended = MENDED if to_mend else ()
    items = tuple(sorted({matter.id_item, *_SHOWN, *mended, *contract.subjects}))
    return Disclosure(Act.READ, contract, items, ("due_on",), subjects=subjects, records=len(found))


def _days(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= 3 and int(text) <= _MOST_DAYS):
        raise Problem("bad-value", f"within is a number of working days from 0 to {_MOST_DAYS}.")
    return int(text)
