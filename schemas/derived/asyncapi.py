"""The topics of all contracts as an AsyncAPI 3.0 document; one of the written documents, for whoever subscribes."""

from collections.abc import Iterable, Mapping
from typing import Any

from schemas.contracts.model import Contract
from schemas.derived.events import control_file_name, file_name
from schemas.derived.topics import CONTROL_PARTITIONS
from schemas.wire.control import KINDS, PARKED
from schemas.wire.projection import audiences, shows_members
from schemas.wire.topics import Audience

#: Of the events' form; each contract has a version of its own.
_FORM = "1.0.0"
_WHO = {
    Audience.PUBLIC: "everybody: open items",
    Audience.SHARED: "members: items shared unconditionally",
    Audience.GRANTED: "holders of a grant: that a record changed, to be fetched under the grant",
}
#: CloudEvents' attributes and ours, as Kafka headers: name, what it holds, whether every event has it.
_HEADERS = (
    ("ce_specversion", "1.0", True),
    ("ce_id", "Follows from the content: a repeated event has the same.", True),
    ("ce_source", "The node.", True),
    (
        "ce_type",
        "cn.gov.<kind>.<dataset>.created, updated, deleted or snapshot; of a control record control.<its kind>.",
        True,
    ),
    ("ce_subject", "The record id; of a control record its kind.", True),
    ("ce_partitionkey", "The subject, which is the message's key.", True),
    (
        "ce_time",
        "When it happened: the event-time item where this audience sees it, else as ce_recordedtime.",
        True,
    ),
    ("ce_recordedtime", "When the department's database recorded it.", True),
    ("ce_dataschema", "The contract, as urn:langqiao:contract:<kind>.<dataset>:<major>.", True),
    ("ce_dataclassification", "The dataset's classification grade.", True),
    ("ce_sequence", "The feed's running number, with leading zeros.", True),
    ("ce_recordepoch", "The run of versions; begins anew after a restore.", True),
    ("ce_recordversion", "Rises with each change of the record; compare (epoch, version).", True),
    ("ce_dataref", "Where to fetch the record, on an event without its body.", False),
    ("ce_traceparent", "The trace that the change belongs to.", False),
    (
        "ce_signature",
        "The node's signature over topic, key, body and attributes, where it signs events.",
        False,
    ),
)


def document(contracts: Iterable[Contract]) -> dict[str, Any]:
    """Every topic of every contract."""
    known = list(contracts)
    pairs = [(contract, audience) for contract in known for audience in audiences(contract)]
    control = [(contract, Audience.CONTROL) for contract in known]
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Langqiao: changes of records",
            "version": _FORM,
            "description": "One topic per offering and audience, compacted by record id. CloudEvents 1.0 in Kafka's"
            " binary mode; a delete is a tombstone that keeps its headers.",
            "license": {"name": "Apache-2.0"},
        },
        "defaultContentType": "application/json",
        "channels": {_name(*pair): _channel(*pair) for pair in (*pairs, *control)},
        "operations": {f"follow.{_name(*pair)}": _operation(*pair) for pair in (*pairs, *control)},
        "components": {
            "messages": {
                **{_name(*pair): _changed(*pair) for pair in pairs},
                **{kind: _said(kind) for kind in KINDS},
                "deleted": _deleted(),
            },
            "schemas": {"attributes": _attributes()},
            "parameters": {
                "environment": {
                    "description": "First part of all topic names of one bridge.",
                    "default": "dev",
                },
                "division": {"description": "Division of the department, 6-digit GB/T 2260 code."},
            },
        },
    }


def _name(contract: Contract, audience: Audience) -> str:
    return f"{contract.dataset}.v{contract.major}.{audience}"


def _channel(contract: Contract, audience: Audience) -> dict[str, Any]:
    name = _name(contract, audience)
    return {
        "address": f"{{environment}}.{{division}}.{name}",
        "title": contract.title_zh,
        "description": f"{contract.title_en}, for {_who(contract, audience)}.",
        "messages": {label: _reference("messages", one) for label, one in _messages(name, audience).items()},
        "parameters": {one: _reference("parameters", one) for one in ("environment", "division")},
        "bindings": {
            "kafka": {
                "partitions": CONTROL_PARTITIONS if audience is Audience.CONTROL else contract.partitions,
                "topicConfiguration": {"cleanup.policy": ["compact"]},
                "bindingVersion": "0.5.0",
            }
        },
    }


def _who(contract: Contract, audience: Audience) -> str:
    """Whom a channel is for, and what it tells them."""
    if audience is not Audience.CONTROL:
        return _WHO[audience]
    readers = "members" if shows_members(contract) else "holders of a grant"
    return f"{readers}: what the feed says of itself, the newest of each kind"


def _messages(name: str, audience: Audience) -> dict[str, str]:
    """A channel's messages by label; of a control record, a parked change's alone is ever taken back."""
    of_kinds = {kind: kind for kind in KINDS}
    return {**(of_kinds if audience is Audience.CONTROL else {"changed": name}), "deleted": "deleted"}


def _operation(contract: Contract, audience: Audience) -> dict[str, Any]:
    name = _name(contract, audience)
    channel = f"#/channels/{name}"
    return {
        "action": "receive",
        "channel": {"$ref": channel},
        "messages": [{"$ref": f"{channel}/messages/{one}"} for one in _messages(name, audience)],
    }


def _changed(contract: Contract, audience: Audience) -> dict[str, Any]:
    return {
        "title": contract.title_zh,
        "headers": _reference("schemas", "attributes"),
        "payload": {"$ref": f"./{file_name(contract, audience)}"},
        "bindings": _keyed(),
    }


def _said(kind: str) -> dict[str, Any]:
    key = f"{kind}/<number of the change>" if kind == PARKED else kind
    return {
        "title": kind,
        "summary": " ".join((KINDS[kind].__doc__ or "").split()),
        "headers": _reference("schemas", "attributes"),
        "payload": {"$ref": f"./{control_file_name(kind)}"},
        "bindings": _keyed(f"{key}."),
    }


def _deleted() -> dict[str, Any]:
    return {
        "title": "Deleted",
        "summary": "A tombstone: no value, and the headers of any other event.",
        "headers": _reference("schemas", "attributes"),
        "payload": {"type": "null"},
        "bindings": _keyed(),
    }


def _keyed(key: str = "The record id.") -> dict[str, Any]:
    return {"kafka": {"key": {"type": "string", "description": key}, "bindingVersion": "0.5.0"}}


def _attributes() -> dict[str, Any]:
    properties: Mapping[str, Any] = {
        name: {"type": "string", "description": text} for name, text, _ in _HEADERS
    }
    return {
        "type": "object",
        "properties": {"content-type": {"const": "application/json"}, **properties},
        "required": ["content-type", *(name for name, _, always in _HEADERS if always)],
    }


def _reference(kind: str, name: str) -> dict[str, str]:
    return {"$ref": f"#/components/{kind}/{name}"}
