"""What a call asks, read from its parameters or body and its headers: the parse stage; used by `listing` and `one`."""

from dataclasses import dataclass, replace

from gateway.call import Call
from schemas.query.parse import parse_body, parse_params
from schemas.query.tree import Query
from schemas.wire import headers as names
from schemas.wire import preference
from schemas.wire.problem import Problem

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
        members = await call.json()
        cursor = members.pop("cursor", None)
        query = parse_body(members)
    else:
        cursor = next((value for name, value in call.parameters if name == "cursor"), None)
        query = parse_params(one for one in call.parameters if one[0] != "cursor")
    if cursor is not None and not isinstance(cursor, str):
        raise Problem("bad-cursor", "A cursor is the text that the page before gave.")
    if query.limit is None and not query.offset and "range" in call.headers:
        offset, limit = preference.item_range(call.headers["range"])
        query = replace(query, offset=offset, limit=limit)
    return Question(query, prefer, form, cursor)
