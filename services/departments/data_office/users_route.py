"""`GET /office/entries/{entry_id}/users`: who still uses a major that retires, by which grants, and when each did last;
for `routes`.

The authority is told, and the department; to everybody else there is nothing here. That it was shown is entered.
"""

from typing import Any

import orjson
from fastapi import FastAPI, Request, Response

from schemas.derived.calling import OF_A_MEMBER
from schemas.law.sharing.catalogue_entry import CatalogueEntry
from schemas.trust.entries import Act
from schemas.trust.subjects import kind_of
from schemas.wire import headers as names
from schemas.wire.problem import MEDIA_TYPE
from services.departments.data_office.calls import admitted
from services.departments.data_office.desk import unknown_matter
from services.departments.data_office.matters import ENTRIES, Record
from services.departments.data_office.office import Office
from services.engine.api.call import Call, Reply
from services.engine.api.entering import Disclosure
from services.engine.api.own import Told
from services.engine.api.plane import DataPlane

_PARAMETERS = [
    {"name": "entry_id", "in": "path", "required": True, "schema": {"type": "string"}},
    *OF_A_MEMBER,
]
#: What of an entry is told.
_SHOWN = ("entry_id", "dataset", "version", "provider", "state", "ends_on")


def add_users_route(app: FastAPI, plane: DataPlane) -> None:
    """Put the route into the app."""

    @app.get(
        "/office/entries/{entry_id}/users",
        tags=["office"],
        summary="Who still uses a major that retires, by which grants, and when last",
        openapi_extra={"parameters": _PARAMETERS, "security": [{"token": []}]},
        responses={"default": {"description": "A problem (RFC 9457).", "content": {MEDIA_TYPE: {}}}},
    )
    async def users(entry_id: str, request: Request) -> Response:
        office: Office = request.app.state.office
        return Told(plane, lambda call: _users(office, call, entry_id))


async def _users(office: Office, call: Call, entry_id: str) -> Reply:
    people = await admitted(call)
    record, standing = await office.entries.standing(entry_id)
    if people.member not in (office.entries.office, record["provider"]):
        raise unknown_matter()
    told = {
        **{name: record[name] for name in _SHOWN},
        "told_on": standing.told_on,
        "users": _listed(standing, await office.entries.grants_on(record)),
    }
    contract = call.node.catalogue.contract(ENTRIES.records)
    items = tuple(sorted({*_SHOWN, "users"}))
    subjects = {(kind_of(contract, contract.items["entry_id"]), entry_id)}
    call.disclosure = Disclosure(Act.READ, contract, items, subjects=subjects, records=1)
    return Reply(200, orjson.dumps(told), names.JSON)


def _listed(standing: CatalogueEntry, grants: list[Record]) -> list[dict[str, Any]]:
    """Every member that may use it or did, and at the end whoever did without a token (member null)."""
    return [
        {
            "member": who or None,
            "grants": [
                {"request_id": one["request_id"], "grant_id": one["grant_id"], "until": one["until"]}
                for one in grants
                if one["requester"] == who
            ],
            "last_used_on": standing.used.get(who),
        }
        for who in sorted({*standing.users, *standing.used}, key=lambda who: (not who, who))
    ]
