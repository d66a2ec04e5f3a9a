"""What a call asks, read from its parameters or body and its headers: the parse stage; by `listing` and `lookup`."""

from dataclasses import dataclass
from typing import Any

from gateway.call import Call
from schemas.query.question import from_address, from_body, ranged
from schemas.query.sealed import SEALED, with_sealed
from schemas.query.tree import Query
from schemas.wire import headers as names
from schemas.wire import preference


@dataclass(frozen=True, slots=True)
class Question:
    """A parsed question with what the transport says beside it. `form` is the media type to answer in."""

    query: Query
    prefer: preference.Preferences
    form: str
    cursor: str | None

    @property
    def tolerant(self) -> bool:
        """Whether an answer with sources missing is wanted all the same."""
        return self.prefer.partial or self.form == names.ANSWER


async def read_question(call: Call) -> Question:
    """The question; Problem with the place of what is wrong."""
    form = preference.accepts(call.headers.get("accept", ""), preference.FORMS)
    prefer = preference.preferences(call.headers.get("prefer", ""))
    if call.method == "POST":
        members = await call.json()
        sealed = sealed_in(call, members)
        query, cursor = from_body(members)
        query = with_sealed(query, sealed)
    else:
        query, cursor = from_address(call.parameters)
    return Question(ranged(query, call.headers.get("range")), prefer, form, cursor)


def sealed_in(call: Call, members: dict[str, Any]) -> Any:
    """What of a body travels sealed, taken out of it, where another gateway asks; from anybody else nothing does."""
    return members.pop(SEALED, None) if call.hops() else None
