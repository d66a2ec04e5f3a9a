"""The office's own addresses, one for each step, described as they are; put into the app by `app`."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Protocol

from fastapi import FastAPI, Request, Response

from schemas.derived.calling import OF_A_MEMBER
from schemas.wire import headers as names
from schemas.wire.problem import MEDIA_TYPE
from services.departments.data_office.calls import admitted, answered, sent
from services.departments.data_office.clock_route import add_clock_route
from services.departments.data_office.deadlines_route import add_deadlines_route
from services.departments.data_office.desk import Outcome
from services.departments.data_office.filers import Word
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
from services.departments.data_office.matter_route import add_matter_routes
from services.departments.data_office.matters import CORRECTIONS, ENTRIES, REQUESTS, K, Matter
from services.departments.data_office.office import Office
from services.departments.data_office.once import once_of
from services.departments.data_office.people import People
from services.departments.data_office.rules import S
from services.departments.data_office.users_route import add_users_route
from services.departments.data_office.uses_route import add_uses_route
from services.engine.api.call import Call, Reply
from services.engine.api.own import Told
from services.engine.api.plane import DataPlane
from services.engine.source.port import Once

#: What is done at an address: by the office, with the call and the id in its path (empty: it has none).
Doing = Callable[[Office, Call, str], Awaitable[Reply]]

_AT_REQUESTS, _AT_CORRECTIONS, _AT_ENTRIES = "/office/requests", "/office/corrections", "/office/entries"
_PROBLEM = {"default": {"description": "A problem (RFC 9457).", "content": {MEDIA_TYPE: {}}}}
_ONCE = {"name": "Idempotency-Key", "in": "header", "schema": {"type": "string", "maxLength": 200}}


class Taking(Protocol[K, S]):
    """How a desk takes steps."""

    async def step(
        self, matter_id: str, kind: K, people: People, facts: Mapping[str, Any], once: Once | None, /
    ) -> Outcome[K, S]:
        """The next step of the matter with that id: its kind, who takes it and what it says."""
        ...

    async def again(self, once: Once, /) -> Outcome[K, S] | None:
        """What came of the step that was taken before under that key."""
        ...


def add_routes(app: FastAPI, plane: DataPlane) -> None:
    """Put every address into the app."""
    _post(app, plane, _AT_REQUESTS, "Apply for a dataset", Applying, _apply)
    _steps(app, plane, _AT_REQUESTS, "A request", REQUESTS, REQUEST_FORMS, lambda its: its.requests)
    _post(app, plane, _AT_CORRECTIONS, "Say that an item of a record is wrong", Filing, _file)
    _steps(
        app,
        plane,
        _AT_CORRECTIONS,
        "A correction request",
        CORRECTIONS,
        CORRECTION_FORMS,
        lambda its: its.corrections,
    )
    _post(app, plane, _AT_ENTRIES, "Draft a catalogue entry", Drafting, _draft)
    _steps(app, plane, _AT_ENTRIES, "A catalogue entry", ENTRIES, ENTRY_FORMS, lambda its: its.entries)
    add_matter_routes(app, plane)
    add_deadlines_route(app, plane)
    add_grants_route(app, plane)
    add_uses_route(app, plane)
    add_users_route(app, plane)
    add_clock_route(app, plane)


async def _apply(office: Office, call: Call, _: str) -> Reply:
    people = await admitted(call)
    form = await sent(call, Applying)
    once = once_of(call, form, people, office.secret)
    who = people.with_second(form.second_person)
    return await answered(
        call,
        REQUESTS,
        once,
        office.requests.again,
        lambda: office.requests.apply(who, form.facts, form.provider, once),
    )


async def _file(office: Office, call: Call, _: str) -> Reply:
    people = await admitted(call)
    form = await sent(call, Filing)
    once = once_of(call, form, people, office.secret)
    word = Word(form.vouched, tuple(form.mandates)) if form.vouched is not None else None
    return await answered(
        call,
        CORRECTIONS,
        once,
        office.corrections.again,
        lambda: office.corrections.file(people, form.facts, form.provider, word, once),
    )


async def _draft(office: Office, call: Call, _: str) -> Reply:
    people = await admitted(call)
    form = await sent(call, Drafting)
    once = once_of(call, form, people, office.secret)
    return await answered(
        call,
        ENTRIES,
        once,
        office.entries.again,
        lambda: office.entries.draft(people, form.dataset, form.version, form.provider, once),
    )


def _step(matter: Matter[K], kind: K, form: type[Form], taking: Callable[[Office], Taking[K, S]]) -> Doing:
    """The next step of a matter, that the office takes by its desk `taking`."""

    async def step(office: Office, call: Call, matter_id: str) -> Reply:
        people = await admitted(call)
        said = await sent(call, form)
        who = people.with_second(said.second_person)
        once, desk = once_of(call, said, people, office.secret), taking(office)
        return await answered(
            call, matter, once, desk.again, lambda: desk.step(matter_id, kind, who, said.facts, once)
        )

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
    extra = {"parameters": [*parameters, *OF_A_MEMBER, _ONCE], "security": [{"token": []}], **more}
    return {"tags": ["office"], "summary": summary, "openapi_extra": extra, "responses": _PROBLEM}


def _endpoint(plane: DataPlane, do: Doing) -> Callable[[Request], Awaitable[Response]]:
    async def endpoint(request: Request) -> Response:
        office: Office = request.app.state.office
        named = next(iter(request.path_params.values()), "")
        return Told(plane, lambda call: do(office, call, str(named)))

    return endpoint
