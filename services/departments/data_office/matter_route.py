"""`GET /office/requests/{request_id}`, and the like for correction requests and catalogue entries: the whole matter, as
its parties have to see it before they agree, verify or decide; for `routes`.

To everybody else there is nothing here, as where there is no such matter. What was asked for is entered, found or not;
and of what is shown the matter's record and its steps each, for they are of two datasets.
"""

from collections.abc import Awaitable, Callable
from typing import Any

import orjson
from fastapi import FastAPI, Request, Response

from schemas.derived.calling import OF_A_MEMBER
from schemas.query.tree import Operator
from schemas.query.values import to_wire
from schemas.trust.entries import Act
from schemas.trust.subjects import Subject, kind_of
from schemas.wire import headers as names
from schemas.wire.problem import MEDIA_TYPE
from services.departments.data_office.calls import admitted
from services.departments.data_office.deadlines import MATTERS
from services.departments.data_office.desk import Desk, unknown_matter
from services.departments.data_office.matters import Matter, Record
from services.departments.data_office.office import Office
from services.departments.data_office.parties import about, parties, shown
from services.engine.api.call import Call, Reply
from services.engine.api.entering import Disclosure, enter
from services.engine.api.own import Told
from services.engine.api.plane import DataPlane


def add_matter_routes(app: FastAPI, plane: DataPlane) -> None:
    """Put the routes into the app."""
    for matter in MATTERS:
        named = {"name": matter.id_item, "in": "path", "required": True, "schema": {"type": "string"}}
        app.get(
            f"/office/{matter.records.partition('.')[2]}/{{{matter.id_item}}}",
            tags=["office"],
            summary=f"A matter of {matter.records} with all its steps, for its parties",
            openapi_extra={"parameters": [named, *OF_A_MEMBER], "security": [{"token": []}]},
            responses={
                200: {"description": "The matter.", "content": {names.JSON: {"schema": _form(matter)}}},
                "default": {"description": "A problem (RFC 9457).", "content": {MEDIA_TYPE: {}}},
            },
        )(_endpoint(plane, matter))


def _form(matter: Matter[Any]) -> dict[str, Any]:
    """The answer's form: record and steps are as their contracts say it."""
    record, step = ({"$ref": f"#/components/schemas/{one}.v1"} for one in (matter.records, matter.steps))
    places = {
        "matter": {"const": matter.records},
        "record": record,
        "steps": {"type": "array", "items": step},
    }
    return {
        "type": "object",
        "properties": places,
        "required": list(places),
        "additionalProperties": False,
    }


def _endpoint(plane: DataPlane, matter: Matter[Any]) -> Callable[[Request], Awaitable[Response]]:
    async def endpoint(request: Request) -> Response:
        office: Office = request.app.state.office
        matter_id = str(request.path_params[matter.id_item])
        return Told(plane, lambda call: _show(office, call, matter, matter_id))

    return endpoint


async def _show(office: Office, call: Call, matter: Matter[Any], matter_id: str) -> Reply:
    """Access, select, answer."""
    people, desk, authority = await admitted(call), office.requests.desk, office.requests.office
    contract = call.node.catalogue.contract(matter.records)
    call.disclosure = _disclosed(
        call, matter, matter.records, {(kind_of(contract, contract.items[matter.id_item]), matter_id)}
    )
    record = await desk.record(matter, matter_id)
    steps = await _steps(desk, matter, record)
    if people.member not in parties(record, steps, authority):
        raise unknown_matter()
    call.mark("select")
    told = [shown(one, record, people.member, authority) for one in steps]
    body = orjson.dumps(
        {"matter": matter.records, "record": _written(record), "steps": [_written(one) for one in told]}
    )
    call.disclosure.subjects |= about(contract, record, office.corrections.contracts)
    call.disclosure.records = 1
    of_steps = _disclosed(call, matter, matter.steps, call.disclosure.subjects)
    of_steps.records = len(steps)
    await enter(call, of_steps, body)
    return Reply(200, body, names.JSON)


async def _steps(desk: Desk, matter: Matter[Any], record: Record) -> list[Record]:
    """The steps that the record counts: one that was taken since is not in it."""
    mine = (matter.id_item, Operator.EQ, record[matter.id_item])
    return (await desk.books.found(matter.steps, mine))[: int(str(record["steps"]))]


def _disclosed(call: Call, matter: Matter[Any], dataset: str, subjects: set[Subject]) -> Disclosure:
    contract = call.node.catalogue.contract(dataset)
    items = tuple(sorted(contract.items))
    return Disclosure(Act.READ, contract, items, (matter.id_item,), subjects=subjects)


def _written(record: Record) -> dict[str, Any]:
    return {name: to_wire(value) for name, value in record.items()}
