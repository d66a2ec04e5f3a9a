"""What a call asks, read from its parameters or body and its headers: the parse stage; used by `listing` and `one`."""

from dataclasses import dataclass

from gateway.call import Call
from schemas.query.question import from_address, from_body, ranged
from schemas.query.tree import Query
from schemas.wire import headers as names
from schemas.wire import preference

_FORMS = (names.JSON, names.OBJECT, names.ANSWER, names.PLAN)


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
    form = preference.accepts(call.headers.get("accept", ""), _FORMS)
    prefer = preference.preferences(call.headers.get("prefer", ""))
    if call.method == "POST":
        query, cursor = from_body(await call.json())
    else:
        query, cursor = from_address(call.parameters)
    return Question(ranged(query, call.headers.get("range")), prefer, form, cursor)
