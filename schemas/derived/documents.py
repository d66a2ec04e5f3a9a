"""All documents by their path under `schemas/generated/`: written by `langqiao contract generate`, held by a test."""

from collections.abc import Sequence
from typing import Any

import orjson

from schemas.contracts.model import Contract
from schemas.derived import asyncapi, events, problems
from schemas.wire import control
from schemas.wire.problem import KINDS
from schemas.wire.projection import audiences


def documents(contracts: Sequence[Contract]) -> dict[str, bytes]:
    """Every document's bytes."""
    found = {
        "problems.md": problems.table(KINDS).encode(),
        "asyncapi.json": _json(asyncapi.document(contracts)),
    }
    for kind in control.KINDS:
        found[events.control_file_name(kind)] = _json(events.control_schema(kind))
    for contract in contracts:
        for audience in audiences(contract):
            found[events.file_name(contract, audience)] = _json(events.body_schema(contract, audience))
    return found


def _json(document: dict[str, Any]) -> bytes:
    return orjson.dumps(document, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)
