"""Calls drawn from an API description, sound and unsound, as they go over the wire, and what holds of each answer; for
tests of whoever describes themselves."""

from collections.abc import Collection
from typing import Any
from urllib.parse import urlsplit

import httpx
import requests
import schemathesis
from hypothesis import strategies as st
from schemathesis import Case, GenerationMode

from schemas.wire.problem import KINDS, MEDIA_TYPE
from tests.flow.access.calling import Sent


def operations(document: dict[str, Any]) -> list[Any]:
    """Everything that a description says can be called."""
    return [found.ok() for found in schemathesis.openapi.from_dict(document).get_all_operations()]


def drawn(data: st.DataObject, operation: Any) -> Case:
    """A call as described, or one that is not."""
    mode = data.draw(st.sampled_from([GenerationMode.POSITIVE, GenerationMode.NEGATIVE]), label="mode")
    case: Case = data.draw(operation.as_strategy(mode), label="case")
    return case


def sent(case: Case) -> Sent:
    """The case as it goes over the wire, by nobody yet."""
    raw = case.as_transport_kwargs(base_url="http://bridge")
    prepared = requests.Request(**{name: one for name, one in raw.items() if name != "cookies"}).prepare()
    address = urlsplit(str(prepared.url))
    body = prepared.body.encode() if isinstance(prepared.body, str) else prepared.body or b""
    headers = {str(name).lower(): _text(value) for name, value in prepared.headers.items()}
    return Sent(str(prepared.method), address.path, address.query, body, headers)


def require_sound(answer: httpx.Response, excused: Collection[str] = ()) -> None:
    """No fault of ours but those excused by their code, and each problem of a kind that is published."""
    assert answer.status_code < 500 or answer.json()["code"] in excused, answer.text
    if answer.is_error and answer.content:
        assert answer.headers["content-type"] == MEDIA_TYPE
        assert KINDS[answer.json()["code"]].status == answer.status_code


def _text(value: str | bytes) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else value
