"""How large a question may be; used by `parse`."""

from schemas.query.tree import Query, conditions
from schemas.wire.problem import Problem

#: Most conditions, order terms and selected parts of one question, all levels together.
MAX_PARTS = 1_000
#: Most values in all of its lists together.
MAX_KEYS = 10_000


def refuse_large(query: Query) -> None:
    """Problem too-large when a question has more parts, or more values in its lists, than a database takes."""
    parts, values = _size(query)
    for counted, most, what in ((parts, MAX_PARTS, "parts"), (values, MAX_KEYS, "values")):
        if counted > most:
            raise too_large(most, what)


def too_large(most: int, what: str) -> Problem:
    """The question has more parts, or values, than `most`."""
    return Problem("too-large", f"a question takes at most {most} {what}", members={"limit": most})


def _size(query: Query) -> tuple[int, int]:
    levels = [query]
    counted = values = 0
    while levels:
        level = levels.pop()
        found = list(conditions(level.where))
        counted += len(level.select) + len(level.order) + len(found)
        values += sum(len(one.value) for one in found if isinstance(one.value, tuple))
        levels += [embed.query for embed in level.embeds]
    return counted, values
