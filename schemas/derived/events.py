"""The body of each dataset's events per audience, and of control records, as JSON Schema; part of the written
documents."""

from typing import Any

from schemas.contracts.model import Contract
from schemas.derived.forms import record_schema
from schemas.wire.control import KINDS
from schemas.wire.projection import shown_to
from schemas.wire.topics import Audience

_DIALECT = "http://json-schema.org/draft-07/schema#"


def file_name(contract: Contract, audience: Audience) -> str:
    """Where the schema of an audience's bodies stands among the written documents."""
    return f"events/{contract.dataset}.v{contract.major}.{audience}.json"


def control_file_name(kind: str) -> str:
    """Where the schema of the control records of a kind stands."""
    return f"events/control.{kind}.json"


def control_schema(kind: str) -> dict[str, Any]:
    """What a control record of a kind says."""
    return {"$schema": _DIALECT, "$id": f"urn:langqiao:control:{kind}", **KINDS[kind].model_json_schema()}


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
