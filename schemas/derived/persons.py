"""What a person asks of access logs, as API descriptions say it; used by those of nodes and gateways."""

from typing import Any

from schemas.trust.about import DEFAULT_LIMIT, MANDATES, MOST, PATH
from schemas.wire import headers as names
from schemas.wire.problem import MEDIA_TYPE

_TEXT = {"type": "string"}
_TEXTS = {"type": "array", "items": _TEXT}
_PLACE = {
    "type": "object",
    "additionalProperties": {"type": "integer", "minimum": 1},
    "description": "By node, the number of the last entry that was told: `next` of the page before.",
}
_ASK = {
    "type": "object",
    "required": ["vouched"],
    "additionalProperties": False,
    "properties": {
        "vouched": {**_TEXT, "description": "Signed by a citizen-services system: whom it identified."},
        "mandates": {
            **_TEXTS,
            "description": "Signed by registers: that the person represents the enterprise.",
        },
        "before": _PLACE,
        "limit": {"type": "integer", "minimum": 1, "maximum": MOST, "default": DEFAULT_LIMIT},
        "via": {**_TEXTS, "description": "The gateways that the ask has passed."},
    },
}
_CALLER = [
    {"name": name, "in": "header", "schema": _TEXT} for name in ("Langqiao-Officer", "Langqiao-Purpose")
]


def persons_paths() -> dict[str, Any]:
    """The two addresses with their actions."""
    return {
        PATH: {"post": _action("What was asked about the person who was identified", "about_me")},
        MANDATES: {"post": _action("Whether that person represents the enterprise", "mandates")},
    }


def _action(summary: str, name: str) -> dict[str, Any]:
    problem = {
        "description": "A problem (RFC 9457).",
        "content": {MEDIA_TYPE: {"schema": {"type": "object"}}},
    }
    return {
        "tags": ["persons"],
        "summary": summary,
        "operationId": name,
        "parameters": _CALLER,
        "requestBody": {"required": True, "content": {names.JSON: {"schema": _ASK}}},
        "responses": {
            "200": {"description": summary, "content": {names.JSON: {"schema": {"type": "object"}}}},
            "default": problem,
        },
        "security": [{"token": []}],
    }
