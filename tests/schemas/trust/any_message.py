"""Any message, and the form in which another implementation of RFC 9421 reads one; for the two tests beside it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from hypothesis import strategies as some
from hypothesis.strategies import SearchStrategy

from schemas.trust.message import Message


@dataclass
class Request:
    """A request as the other implementation reads it."""

    method: str
    url: str
    headers: dict[str, str]


def request_of(message: Message, further: Mapping[str, str] | None = None) -> Request:
    """The message as it goes to a node, with these headers beside its own."""
    query = f"?{message.query}" if message.query else ""
    headers = {**message.headers, **(further or {})}
    return Request(message.method, f"http://node{message.path}{query}", headers)


def messages(methods: Sequence[str], names: Sequence[str], most: int) -> SearchStrategy[Message]:
    """Calls by these methods, with some headers of these names and bodies of at most so many bytes."""
    word = some.text("abcdefghijklmnopqrstuvwxyz0123456789-._~", min_size=1, max_size=12)
    return some.builds(
        Message,
        method=some.sampled_from(methods),
        path=some.lists(word, min_size=1, max_size=4).map(lambda parts: "/records/" + "/".join(parts)),
        query=some.just("") | some.lists(word, min_size=1, max_size=3).map("&".join),
        headers=headers(names),
        body=some.binary(max_size=most),
    )


def headers(names: Sequence[str]) -> SearchStrategy[dict[str, str]]:
    """Some headers of these names, with values of printable ASCII."""
    value = some.text(some.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=40)
    return some.dictionaries(some.sampled_from(names), value)
