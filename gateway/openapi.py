"""The data plane in the API description: paths and record forms derived from the contracts; used by `app`."""

from collections.abc import Mapping, Sequence
from typing import Any

from schemas.contracts.catalogue import Catalogue
from schemas.contracts.model import Cardinality, Contract, Item
from schemas.derived.calling import OF_A_QUESTION, header
from schemas.derived.forms import served_schema
from schemas.derived.persons import persons_paths
from schemas.wire import headers as names
from schemas.wire.problem import MEDIA_TYPE

_OBJECT: dict[str, Any] = {"type": "object"}
_SELECT = (
    "Items, links with what they show in parentheses (licence(number)), or *; !inner drops what has none."
)
_QUERY = (
    ("select", _SELECT, "string"),
    ("order", "item.asc|desc.nullsfirst|nullslast, by commas; link.order for an embed.", "string"),
    ("limit", "Most records; link.limit for an embed, per parent.", "integer"),
    ("offset", "Records to pass over; link.offset for an embed, per parent.", "integer"),
    ("cursor", "From Langqiao-Next of the page before.", "string"),
)
_CALLER = [*OF_A_QUESTION, header("Langqiao-Deadline-Ms"), header("Range")]
_RECORD_ID = [{"name": "record_id", "in": "path", "required": True, "schema": {"type": "string"}}]
_PROBLEM = {"description": "A problem (RFC 9457).", "content": {MEDIA_TYPE: {"schema": _OBJECT}}}


def described(document: dict[str, Any], catalogue: Catalogue) -> dict[str, Any]:
    """FastAPI's description with the data routes put first."""
    components = document.setdefault("components", {})
    schemas = components.setdefault("schemas", {})
    paths: dict[str, Any] = {}
    for dataset in catalogue.datasets():
        majors = [catalogue.contract(dataset, major) for major in catalogue.majors(dataset)]
        schemas.update((_schema_name(one), _record(one, catalogue)) for one in majors)
        paths |= _paths(majors)
    components["securitySchemes"] = {"token": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}}
    document["paths"] = paths | persons_paths() | document.get("paths", {})
    return document


def _record(contract: Contract, catalogue: Catalogue) -> dict[str, Any]:
    """A record's JSON Schema: its items, and what its links show when they are embedded."""
    record = served_schema(contract)
    properties = record["properties"]
    for link in catalogue.links(contract.dataset).values():
        if catalogue.majors(link.target):
            target = catalogue.contract(link.target)
            met = {"$ref": f"#/components/schemas/{_schema_name(target)}"}
            many = link.cardinality is Cardinality.MANY
            properties[link.name] = {"type": "array", "items": met} if many else met
    return record


def _paths(majors: Sequence[Contract]) -> dict[str, Any]:
    first = majors[0]
    path = f"/records/{first.kind}/{first.name}"
    record = {"oneOf": [{"$ref": f"#/components/schemas/{_schema_name(one)}"} for one in majors]}
    filters = [_filter(one) for one in first.items.values() if one.filterable and not one.personal]
    asked = [_parameter(*one) for one in _QUERY]
    forms = {
        names.JSON: {"type": "array", "items": record},
        names.OBJECT: record,
        names.ANSWER: _OBJECT,
        names.PLAN: _OBJECT,
    }
    return {
        path: {
            "get": _action(first, "List", forms, [*asked, *filters]),
            "head": _action(first, "Count", {}, [*asked, *filters]),
        },
        f"{path}/query": {"post": _action(first, "Query", forms, sent=True)},
        f"{path}/lookup": {"post": _action(first, "Look up", {names.NDJSON: _OBJECT}, sent=True)},
        f"{path}/verify": {"post": _action(first, "Verify", {names.JSON: _OBJECT}, sent=True)},
        f"{path}/{{record_id}}": {
            "get": _action(first, "Read", {names.JSON: record}, [*_RECORD_ID, asked[0]]),
        },
    }


def _action(
    contract: Contract,
    verb: str,
    forms: Mapping[str, Any],
    parameters: Sequence[Mapping[str, Any]] = (),
    *,
    sent: bool = False,
) -> dict[str, Any]:
    content = {"content": {form: {"schema": schema} for form, schema in forms.items()}} if forms else {}
    action: dict[str, Any] = {
        "tags": [contract.dataset],
        "summary": f"{verb}: {contract.title_zh}",
        "operationId": f"{verb.lower().replace(' ', '_')}_{contract.kind}_{contract.name}",
        "parameters": [*parameters, *_CALLER],
        "responses": {"200": {"description": verb, **content}, "default": _PROBLEM},
        "security": [{"token": []}, {}],
    }
    if sent:
        action["requestBody"] = {"required": True, "content": {names.JSON: {"schema": _OBJECT}}}
    return action


def _parameter(name: str, description: str, form: str) -> dict[str, Any]:
    return {"name": name, "in": "query", "schema": {"type": form}, "description": description}


def _filter(item: Item) -> dict[str, Any]:
    return _parameter(item.name, f"{item.title_zh} / {item.title_en}: operator.value, such as eq.…", "string")


def _schema_name(contract: Contract) -> str:
    return f"{contract.kind}.{contract.name}.v{contract.major}"
