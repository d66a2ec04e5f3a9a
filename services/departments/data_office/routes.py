"""The office's own addresses, one for each step, described as they are; put into the app by `app`."""

from collections.abc import Awaitable, Callable
from typing import Any

from fastapi import FastAPI, Request, Response

from schemas.law.sharing.catalogue_entry import EntryStep
from schemas.law.sharing.correction import CorrectionStep
from schemas.law.sharing.request_rules import StepKind
from schemas.wire import headers as names
from schemas.wire.problem import MEDIA_TYPE
from services.departments.data_office.calls import Told, admitted, answered, sent
from services.departments.data_office.clock_route import add_clock_route
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
from services.departments.data_office.matters import CORRECTIONS, ENTRIES, REQUESTS
from services.departments.data_office.office import Office
from services.engine.api.call import Call, Reply
from services.engine.api.plane import DataPlane

#: What is done at an address: by the office, with the call and the id in its path (empty: it has none).
Doing = Callable[[Office, Call, str], Awaitable[Reply]]

_PROBLEM = {"default": {"description": "A problem (RFC 9457).", "content": {MEDIA_TYPE: {}}}}
_HEADERS = [
    {"name": name, "in": "header", "required": True, "schema": {"type": "string"}}
    for name in (names.OFFICER, names.PURPOSE)
]


def add_routes(app: FastAPI, plane: DataPlane) -> None:
    """Put every address into the app."""
    _post(app, plane, "/office/requests", "Apply for a dataset", Applying, _apply)
    for kind, form in REQUEST_FORMS.items():
        path = f"/office/requests/{{request_id}}/{kind.value}"
        _post(app, plane, path, f"A request is {kind.value}", form, _request_step(kind, form))
    _post(app, plane, "/office/corrections", "Say that an item of a record is wrong", Filing, _file)
    for said, form in CORRECTION_FORMS.items():
        path = f"/office/corrections/{{correction_id}}/{said.value}"
        _post(app, plane, path, f"A correction request is {said.value}", form, _correction_step(said, form))
    _post(app, plane, "/office/entries", "Draft a catalogue entry", Drafting, _draft)
    for done, form in ENTRY_FORMS.items():
        path = f"/office/entries/{{entry_id}}/{done.value}"
        _post(app, plane, path, f"A catalogue entry is {done.value}", form, _entry_step(done, form))
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


def _request_step(kind: StepKind, form: type[Form]) -> Doing:
    async def step(office: Office, call: Call, request_id: str) -> Reply:
        people = await admitted(call)
        said = await sent(call, form)
        return await answered(
            call,
            REQUESTS,
            lambda: office.requests.step(
                request_id, kind, people.with_second(said.second_person), said.facts
            ),
        )

    return step


async def _file(office: Office, call: Call, _: str) -> Reply:
    people = await admitted(call)
    form = await sent(call, Filing)
    return await answered(
        call,
        CORRECTIONS,
        lambda: office.corrections.file(people, form.facts, form.value, form.provider),
    )


def _correction_step(kind: CorrectionStep, form: type[Form]) -> Doing:
    async def step(office: Office, call: Call, correction_id: str) -> Reply:
        people = await admitted(call)
        said = await sent(call, form)
        who = people.with_second(said.second_person)
        return await answered(
            call, CORRECTIONS, lambda: office.corrections.step(correction_id, kind, who, said.facts)
        )

    return step


async def _draft(office: Office, call: Call, _: str) -> Reply:
    people = await admitted(call)
    form = await sent(call, Drafting)
    return await answered(
        call, ENTRIES, lambda: office.entries.draft(people, form.dataset, form.version, form.provider)
    )


def _entry_step(kind: EntryStep, form: type[Form]) -> Doing:
    async def step(office: Office, call: Call, entry: str) -> Reply:
        people = await admitted(call)
        said = await sent(call, form)
        return await answered(call, ENTRIES, lambda: office.entries.step(entry, kind, people, said.facts))

    return step


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
