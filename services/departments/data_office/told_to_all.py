"""What every member reads of a request or a correction, in its record and on a topic, and that it names no person; used
by `forms` and the desk of requests."""

import re

from pydantic_core import PydanticCustomError

from schemas.contracts.catalogue import Catalogue
from schemas.law.identifiers import holds_id_number
from schemas.wire.problem import Problem

_WORD = re.compile(r"\w+")


def names_nobody(text: str) -> str:
    """The text of a form's field; raises where it holds an ID number."""
    if holds_id_number(text):
        raise PydanticCustomError("names-a-person", "every member reads this: it may hold no ID number")
    return text


def refuse_personal(rows: str, contracts: Catalogue, dataset: str) -> None:
    """Problem bad-body where a row scope names an item that a contract of the dataset marks personal. By its words, for
    what cannot be read as a filter is written down all the same."""
    items = [item for contract in contracts.every(dataset) for item in contract.items.values()]
    if named := sorted({one.name for one in items if one.personal}.intersection(_WORD.findall(rows))):
        reason = f"every member reads this: it may not be by {', '.join(named)}, which tells of a person"
        raise Problem(
            "bad-body",
            "The rows that are asked for would tell every member of a person.",
            members={"items": [{"item": "rows", "reason": reason}]},
        )
