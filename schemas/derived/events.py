"""The body of each dataset's events per audience, as JSON Schema; part of the written documents."""

from typing import Any

from schemas.contracts.model import Contract
from schemas.derived.forms import record_schema
from schemas.wire.projection import shown_to
from schemas.wire.topics import Audience

_DIALECT = "http://json-schema.org/draft-07/schema#"


def file_name(contract: Contract, audience: Audience) -> str:
    """Where the schema of an audience's bodies stands among the written documents."""
    return f"events/{contract.dataset}.v{contract.major}.{audience}.json"


def body_schema(contract: Contract, audience: Audience) -> dict[str, Any]:
    """The whole current projection of a record, or nothing of it: a thin event has an empty body and a `dataref`."""
    shown = shown_to(contract, audience)
    whole = {**record_schema(contract, shown), "required": list(shown), "additionalProperties": False}
    thin = {
        "type": "object",
        "title": "Thin event",
        "description": "Nothing of the record; fetch it where ce_dataref says.",
        "maxProperties": 0,
    }
    return {
        "$schema": _DIALECT,
        "$id": f"urn:langqiao:event:{contract.dataset}:{contract.major}:{audience}",
        **({"oneOf": [whole, thin]} if shown else thin),
    }
