"""Bringing the member registry, and words on it, to a gateway or a node over HTTP; used by `langqiao registry`."""

from dataclasses import dataclass

import httpx
import orjson

from schemas.trust import handing
from schemas.wire import headers
from services.client.bridge import Refused


@dataclass(frozen=True, slots=True)
class Publication:
    """A signed registry, its number, and a signed word that it is the newest; None: no word is sent along."""

    text: str
    number: int
    word: str | None = None


def bring(http: httpx.Client, url: str, one: Publication) -> int:
    """The number that is in force there when all is told. A registry that it has already is not sent again. Raises
    Refused, httpx.TransportError."""
    if one.word is not None:
        answer = _post(http, url, one.word)
        if answer.is_success and _number(answer) >= one.number:
            return _number(answer)
    found = _number(_taken(_post(http, url, one.text)))
    return found if one.word is None else _number(_taken(_post(http, url, one.word)))


def _post(http: httpx.Client, url: str, text: str) -> httpx.Response:
    address = url.rstrip("/") + handing.PATH
    return http.post(address, content=text, headers={"Content-Type": headers.JOSE})


def _taken(answer: httpx.Response) -> httpx.Response:
    if answer.is_success:
        return answer
    try:
        members = orjson.loads(answer.content)
    except orjson.JSONDecodeError:
        members = None
    raise Refused(answer.status_code, members if isinstance(members, dict) else {})


def _number(answer: httpx.Response) -> int:
    number = handing.number_in(answer.content)
    if number is None:
        raise Refused(answer.status_code, {"detail": "What answers at this address takes no registry."})
    return number
