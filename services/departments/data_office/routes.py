"""The office's own addresses, one for each step, described as they are; put into the app by `app`."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from fastapi import FastAPI, Request, Response

from schemas.wire import headers as names
from schemas.wire.problem import MEDIA_TYPE
from services.departments.data_office.calls import Told, admitted, answered, sent
from services.departments.data_office.clock_route import add_clock_route
from services.departments.data_office.desk import Outcome
from services.departments.data_office.forms import (
    CORRECTION_FORMS,
    ENTRY_FORMS,
    REQUEST_FORMS,
    Applying,
    Drafting,
    Filing,
    Form,
)
from services.departments.data_office.grants_route import add_grants_route
from services.departments.data_office.matters import CORRECTIONS, ENTRIES, REQUESTS, K, Matter
from services.departments.data_office.office import Office
from services.departments.data_office.people import People
from services.departments.data_office.rules import S
from services.engine.api.call import Call, Reply
from services.engine.api.plane import DataPlane

#: What is done at an address: by the office, with the call and the id in its path (empty: it has none).
Doing = Callable[[Office, Call, str], Awaitable[Reply]]
#: How a desk takes a step: of the matter with that id, the kind of step, who takes it and what it says.
Taking = Callable[[str, K, People, Mapping[str, Any]], Awaitable[Outcome[K, S]]]

_AT_REQUESTS, _AT_CORRECTIONS, _AT_ENTRIES = "/office/requests", "/office/corrections", "/office/entries"
_PROBLEM = {"default": {"description": "A problem (RFC 9457).", "content": {MEDIA_TYPE: {}}}}
_HEADERS = [
    {"name": name, "in": "header", "required": True, "schema": {"type": "string"}}
    for name in (names.OFFICER, names.PURPOSE)
]


def add_routes(app: FastAPI, plane: DataPlane) -> None:
    """Put every address into the app."""
    _post(app, plane, _AT_REQUESTS, "Apply for a dataset", Applying, _apply)
    _steps(app, plane, _AT_REQUESTS, "A request", REQUESTS, REQUEST_FORMS, lambda its: its.requests.step)
    _post(app, plane, _AT_CORRECTIONS, "Say that an item of a record is wrong", Filing, _file)
    _steps(
        app,
        plane,
        _AT_CORRECTIONS,
        "A correction request",
        CORRECTIONS,
        CORRECTION_FORMS,
        lambda its: its.corrections.step,
    )
    _post(app, plane, _AT_ENTRIES, "Draft a catalogue entry", Drafting, _draft)
    _steps(app, plane, _AT_ENTRIES, "A catalogue entry", ENTRIES, ENTRY_FORMS, lambda its: its.entries.step)
    add_grants_route(app, plane)
    add_clock_route(app, plane)


async def _apply(office: Office, call: Call, _: str) -> Reply:
    people = await admitted(call)
    form = await sent(call, Applying)
    return await answered(
        call,
        REQUESTS,
        lambda: office.requests.apply(people.with_second(form.second_person), form.facts, form.provider),
    )


async def _file(office: Office, call: Call, _: str) -> Reply:
    people = await admitted(call)
    form = await sent(call, Filing)
    return await answered(
        call,
        CORRECTIONS,
        lambda: office.corrections.file(people, form.facts, form.value, form.provider),
    )


async def _draft(office: Office, call: Call, _: str) -> Reply:
    people = await admitted(call)
    form = await sent(call, Drafting)
    return await answered(
        call, ENTRIES, lambda: office.entries.draft(people, form.dataset, form.version, form.provider)
    )


def _step(matter: Matter[K], kind: K, form: type[Form], taking: Callable[[Office], Taking[K, S]]) -> Doing:
    """The next step of a matter, that the office takes by `taking`."""

    async def step(office: Office, call: Call, matter_id: str) -> Reply:
        people = await admitted(call)
        said = await sent(call, form)
        who = people.with_second(said.second_person)
        return await answered(call, matter, lambda: taking(office)(matter_id, kind, who, said.facts))

    return step


def _steps(
    app: FastAPI,
    plane: DataPlane,
    path: str,
    what: str,
    matter: Matter[K],
    forms: Mapping[K, type[Form]],
    taking: Callable[[Office], Taking[K, S]],
) -> None:
    for kind, form in forms.items():
        address = f"{path}/{{{matter.id_item}}}/{kind.value}"
        _post(app, plane, address, f"{what} is {kind.value}", form, _step(matter, kind, form, taking))


def _post(app: FastAPI, plane: DataPlane, path: str, summary: str, form: type[Form], do: Doing) -> None:
    body = {"content": {names.JSON: {"schema": form.model_json_schema()}}}
    app.post(path, status_code=201, **_told(path, summary, {"requestBody": body}))(_endpoint(plane, do))


def _told(path: str, summary: str, more: dict[str, Any]) -> dict[str, Any]:
    """How an address is described."""
    parameters = [
        {"name": part[1:-1], "in": "path", "required": True, "schema": {"type": "string"}}
        for part in path.split("/")
        if part.startswith("{")
    ]
    extra = {"parameters": [*parameters, *_HEADERS], "security": [{"token": []}], **more}
    return {"tags": ["office"], "summary": summary, "openapi_extra": extra, "responses": _PROBLEM}


def _endpoint(plane: DataPlane, do: Doing) -> Callable[[Request], Awaitable[Response]]:
    async def endpoint(request: Request) -> Response:
        office: Office = request.app.state.office
        named = next(iter(request.path_params.values()), "")
        return Told(plane, lambda call: do(office, call, str(named)))

    return endpoint
