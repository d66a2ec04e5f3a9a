"""A query from its parameters, by URL or by body: PostgREST's grammar, a strict subset; called by nodes and gateway."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache

from schemas.query.filters import condition, group
from schemas.query.ordering import order_terms
from schemas.query.reading import Reader, fault_at, nearest, shown
from schemas.query.selection import Branch, Part, parts
from schemas.query.size import MAX_PARTS, refuse_large, too_large
from schemas.query.tree import Embed, Filter, Order, Place, Query, Selection

MAX_NUMBER = 2**31 - 1
#: Longest `select` that is remembered, in characters: bounds the memory that callers can fill.
_LONGEST_KEPT = 2_000
#: As many as a question of the most parts can need: a condition, an order, a limit and an offset for each, and select.
_MAX_PAIRS = 4 * MAX_PARTS + 1
_NUMBER = re.compile(r"\d{1,10}", re.ASCII)


@dataclass(slots=True)
class _Level:
    """The parameters of one level of the question, the root's or an embed's."""

    select: tuple[Part, ...] = ()
    where: list[Filter] = field(default_factory=list)
    order: tuple[Order, ...] = ()
    limit: int | None = None
    offset: int = 0
    said: set[str] = field(default_factory=set)
    embeds: dict[str, "_Level"] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Word:
    """One word of a parameter's name."""

    text: str
    quoted: bool = False


_ONCE = (_Word("order"), _Word("limit"), _Word("offset"))


def parse_params(pairs: Iterable[tuple[str, str]]) -> Query:
    """The query of a URL's parameters, in order; Problem with `parameter`, `position` and `nearest`."""
    listed = list(pairs)
    if len(listed) > _MAX_PAIRS:
        raise too_large(MAX_PARTS, "parts")
    select = _only(listed, "select")
    root = _level(_known_parts(select) if len(select) <= _LONGEST_KEPT else parts(select))
    for name, text in listed:
        if name != "select":
            _apply(root, name, text)
    query = _query(root)
    refuse_large(query)
    return query


def parse_body(body: Mapping[str, object]) -> Query:
    """The query of a POST body: the same parameters as members; a list repeats one, limits may be numbers."""
    pairs: list[tuple[str, str]] = []
    for name, value in body.items():
        for one in value if isinstance(value, list) else [value]:
            if (
                isinstance(one, int)
                and not isinstance(one, bool)
                and name.rpartition(".")[2] in ("limit", "offset")
            ):
                pairs.append((name, str(one)))
            elif isinstance(one, str):
                pairs.append((name, one))
            else:
                raise fault_at(Place(name, 0), "a parameter is a text, or a list of texts")
    return parse_params(pairs)


@lru_cache(maxsize=1_024)
def _known_parts(select: str) -> tuple[Part, ...]:
    """As `parts`: callers send few different selections, which hold names and no values, again and again."""
    return parts(select)


def _only(pairs: list[tuple[str, str]], name: str) -> str:
    texts = [text for one, text in pairs if one == name]
    if len(texts) > 1:
        raise fault_at(Place(name, 0), f"{name} may stand only once")
    return texts[0] if texts else ""


def _level(select: tuple[Part, ...]) -> _Level:
    level = _Level(select)
    for branch in select:
        if isinstance(branch, Branch):
            name = branch.alias or branch.link
            if name in level.embeds:
                raise fault_at(branch.place, f"two embeds bear the name {shown(name)}; give one an alias")
            level.embeds[name] = _level(branch.select)
    return level


def _apply(root: _Level, name: str, text: str) -> None:
    *steps, last = _path(name)
    negated = last in (_Word("and"), _Word("or")) and steps[-1:] == [_Word("not")]
    level = _find(root, name, steps[:-1] if negated else steps)
    if last in (_Word("and"), _Word("or")):
        level.where.append(group(name, text, either=last.text == "or", negated=negated))
    elif last not in _ONCE:
        level.where.append(condition(last.text, name, text))
    elif last.text in level.said:
        raise fault_at(Place(name, 0), f"{last.text} may stand only once")
    else:
        level.said.add(last.text)
        if last.text == "order":
            level.order = order_terms(name, text)
        elif last.text == "limit":
            level.limit = _number(name, text)
        else:
            level.offset = _number(name, text)


def _path(name: str) -> list[_Word]:
    """`licences.valid_to` as its words; the grammar's own words stand for themselves only when not quoted."""
    reader = Reader(name, name)
    words: list[_Word] = []
    while True:
        reader.count()
        quoted = name.startswith('"', reader.at)
        words.append(_Word(reader.name("the name of an item or an embed"), quoted))
        if reader.ended:
            return words
        reader.expect(".")


def _find(root: _Level, name: str, steps: list[_Word]) -> _Level:
    """The level that a parameter speaks of: an embed goes by its alias, or by its link where only one follows it."""
    level = root
    for step in steps:
        found = level.embeds.get(step.text) or _only_along(level, step.text)
        if found is None:
            near = nearest(step.text, level.embeds)
            message = f"{shown(name)} speaks of an embed that select does not name"
            raise fault_at(Place(name, 0), message, "unknown-parameter", nearest=near and shown(near))
        level = found
    return level


def _only_along(level: _Level, link: str) -> _Level | None:
    branches = [one for one in level.select if isinstance(one, Branch) and one.link == link]
    return level.embeds[branches[0].alias or link] if len(branches) == 1 else None


def _number(name: str, text: str) -> int:
    if not _NUMBER.fullmatch(text) or int(text) > MAX_NUMBER:
        raise fault_at(Place(name, 0), f"this takes a whole number from 0 to {MAX_NUMBER}", "bad-value")
    return int(text)


def _query(level: _Level) -> Query:
    return Query(
        tuple(_selection(level, part) for part in level.select),
        tuple(level.where),
        level.order,
        level.limit,
        level.offset,
    )


def _selection(level: _Level, part: Part) -> Selection:
    if not isinstance(part, Branch):
        return part
    inside = _query(level.embeds[part.alias or part.link])
    return Embed(part.link, inside, part.alias, part.inner, part.place)
