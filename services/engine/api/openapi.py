"""The data plane in the API description: its paths and record forms derived from the contracts; used by `app`."""

from collections.abc import Iterable, Sequence
from typing import Any

from schemas.contracts.model import Contract, Item
from schemas.derived.calling import OF_A_QUESTION, header
from schemas.derived.forms import served_schema
from schemas.derived.persons import persons_paths
from schemas.wire import headers as names
from schemas.wire.problem import MEDIA_TYPE

_OBJECT: dict[str, Any] = {"type": "object"}
_SELECT = {
    "name": "select",
    "in": "query",
    "schema": {"type": "string"},
    "description": "Items to return; all if not said.",
}
_QUERY = [
    _SELECT,
    {
        "name": "order",
        "in": "query",
        "schema": {"type": "string"},
        "description": "item.asc|desc.nullsfirst|nullslast",
    },
    {"name": "limit", "in": "query", "schema": {"type": "integer"}},
    {"name": "offset", "in": "query", "schema": {"type": "integer"}},
    {"name": "cursor", "in": "query", "schema": {"type": "string"}, "description": "From Langqiao-Next."},
]
_RECORD_ID = [{"name": "record_id", "in": "path", "required": True, "schema": {"type": "string"}}]
_IF_MATCH = [header("If-Match", required=True)]
_ONCE = [header("Idempotency-Key")]
_TOKEN = "A member's token; the call that bears it is a signed message (RFC 9421), sent once."
_ASKED_BY_POST = ("/query", "/lookup", "/changes", "/verify")
_PROBLEM = {"description": "A problem (RFC 9457).", "content": {MEDIA_TYPE: {"schema": _OBJECT}}}


def described(
    document: dict[str, Any], contracts: Iterable[Contract], *, by_steps: bool = False
) -> dict[str, Any]:
    """FastAPI's description with the data routes put first; `by_steps` leaves out the writes at records' addresses."""
    by_dataset: dict[str, list[Contract]] = {}
    for contract in contracts:
        by_dataset.setdefault(contract.dataset, []).append(contract)
    components = document.setdefault("components", {})
    schemas = components.setdefault("schemas", {})
    paths: dict[str, Any] = {}
    for majors in by_dataset.values():
        schemas.update((_schema_name(one), served_schema(one)) for one in majors)
        paths |= _without_writes(_paths(majors)) if by_steps else _paths(majors)
    token = {"type": "http", "scheme": "bearer", "bearerFormat": "JWT", "description": _TOKEN}
    components["securitySchemes"] = {"token": token}
    document["paths"] = paths | persons_paths() | document.get("paths", {})
    return document


def _paths(majors: Sequence[Contract]) -> dict[str, Any]:
    first = majors[0]
    path = f"/records/{first.kind}/{first.name}"
    record: dict[str, Any] = {
        "oneOf": [{"$ref": f"#/components/schemas/{_schema_name(one)}"} for one in majors]
    }
    filters = [_filter(one) for one in first.items.values() if one.filterable and not one.personal]
    listed = {"type": "array", "items": record}
    return {
        path: {
            "get": _action(first, "List", listed, [*_QUERY, *filters]),
            "head": _action(first, "Count", None, [*_QUERY, *filters]),
            "post": _action(first, "Create", _OBJECT, _ONCE, sent=record, status="201"),
        },
        f"{path}/query": {"post": _action(first, "Query", listed, [], sent=_OBJECT)},
        f"{path}/lookup": {
            "post": _action(first, "Look up", _OBJECT, [], sent=_OBJECT, media_type=names.NDJSON)
        },
        f"{path}/changes": {
            "post": _action(first, "Follow", _OBJECT, [], sent=_OBJECT, media_type=names.NDJSON)
        },
        f"{path}/verify": {"post": _action(first, "Verify", _OBJECT, [], sent=_OBJECT)},
        f"{path}/{{record_id}}": {
            "get": _action(first, "Read", record, [*_RECORD_ID, _SELECT]),
            "put": _action(first, "Replace", _OBJECT, [*_RECORD_ID, *_IF_MATCH], sent=record),
            "patch": _action(
                first,
                "Change",
                _OBJECT,
                [*_RECORD_ID, *_IF_MATCH],
                sent=_OBJECT,
                sent_as="application/merge-patch+json",
            ),
            "delete": _action(first, "Delete", None, [*_RECORD_ID, *_IF_MATCH], status="204"),
        },
    }


def _without_writes(paths: dict[str, Any]) -> dict[str, Any]:
    return {
        path: {
            method: action
            for method, action in actions.items()
            if method in ("get", "head") or path.endswith(_ASKED_BY_POST)
        }
        for path, actions in paths.items()
    }


def _action(
    contract: Contract,
    verb: str,
    answer: dict[str, Any] | None,
    parameters: Sequence[dict[str, Any]],
    *,
    sent: dict[str, Any] | None = None,
    sent_as: str = names.JSON,
    status: str = "200",
    media_type: str = names.JSON,
) -> dict[str, Any]:
    content = {} if answer is None else {"content": {media_type: {"schema": answer}}}
    action: dict[str, Any] = {
        "tags": [contract.dataset],
        "summary": f"{verb}: {contract.title_zh}",
        "operationId": f"{verb.lower().replace(' ', '_')}_{contract.kind}_{contract.name}",
        "parameters": [*parameters, *OF_A_QUESTION],
        "responses": {status: {"description": verb, **content}, "default": _PROBLEM},
        "security": [{"token": []}, {}],
    }
    if sent is not None:
        action["requestBody"] = {"required": True, "content": {sent_as: {"schema": sent}}}
    return action


def _filter(item: Item) -> dict[str, Any]:
    shown = f"{item.title_zh} / {item.title_en}: operator.value, such as eq.…"
    return {"name": item.name, "in": "query", "schema": {"type": "string"}, "description": shown}


def _schema_name(contract: Contract) -> str:
    return f"{contract.kind}.{contract.name}.v{contract.major}"
