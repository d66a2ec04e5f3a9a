"""A query from its parameters, by URL or by body: PostgREST's grammar, a strict subset; called by nodes and gateway."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from schemas.query.filters import condition, group
from schemas.query.reading import Reader, fault_at, nearest, shown
from schemas.query.selection import Branch, Part, parts
from schemas.query.tree import Embed, Filter, Order, Place, Query, Selection
from schemas.wire.problem import Problem

MAX_NUMBER = 2**31 - 1
_NUMBER = re.compile(r"\d{1,10}", re.ASCII)
_NULLS = {"nullsfirst": True, "nullslast": False}
_DIRECTIONS = {"asc": False, "desc": True}


@dataclass(slots=True)
class _Level:
    """The parameters of one level of the question, the root's or an embed's."""

    select: tuple[Part, ...] = ()
    where: list[Filter] = field(default_factory=list)
    order: tuple[Order, ...] = ()
    limit: int | None = None
    offset: int = 0
    embeds: dict[str, "_Level"] = field(default_factory=dict)


def parse_params(pairs: Iterable[tuple[str, str]]) -> Query:
    """The query of a URL's parameters, in order; Problem with `parameter`, `position` and `nearest`."""
    listed = list(pairs)
    root = _level(parts(_only(listed, "select")))
    for name, text in listed:
        if name != "select":
            _apply(root, name, text)
    return _query(root)


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
    path, level = _find(root, name)
    last = path[-1]
    negated = len(path) > 1 and path[-2] == "not" and last in ("and", "or")
    if last in ("and", "or"):
        level.where.append(group(name, text, either=last == "or", negated=negated))
    elif last == "order":
        level.order = _order(name, text)
    elif last == "limit":
        level.limit = _number(name, text)
    elif last == "offset":
        level.offset = _number(name, text)
    else:
        level.where.append(condition(last, name, text))


def _find(root: _Level, name: str) -> tuple[list[str], _Level]:
    """The level that a parameter speaks of: `licences.valid_to` is the embed's item."""
    path = name.split(".")
    inner = path[:-2] if len(path) > 1 and path[-2] == "not" and path[-1] in ("and", "or") else path[:-1]
    level = root
    for step in inner:
        if step not in level.embeds:
            near = nearest(step, level.embeds)
            message = f"{shown(name)} speaks of an embed that select does not name"
            raise Problem(
                "unknown-parameter",
                message,
                members={"parameter": shown(name), "position": 0, "nearest": near},
            )
        level = level.embeds[step]
    if not path[-1]:
        raise fault_at(Place(name, 0), "a parameter needs a name")
    return path, level


def _order(name: str, text: str) -> tuple[Order, ...]:
    reader = Reader(name, text)
    terms: list[Order] = []
    while True:
        reader.blanks()
        terms.append(_term(reader))
        reader.blanks()
        if reader.ended:
            return tuple(terms)
        reader.expect(",")


def _term(reader: Reader) -> Order:
    place = reader.place
    item = reader.name("the name of an item")
    if reader.text.startswith("(", reader.at):
        raise reader.fault("ordering by an embed's item is not part of this grammar")
    descending, nulls_first, seen = False, None, 0
    while reader.take("."):
        start = reader.at
        word = reader.name("asc, desc, nullsfirst or nullslast")
        if word in _DIRECTIONS and seen == 0:
            descending, seen = _DIRECTIONS[word], 1
        elif word in _NULLS and seen < 2:
            nulls_first, seen = _NULLS[word], 2
        else:
            reader.at = start
            raise reader.fault("behind an item may stand asc or desc, then nullsfirst or nullslast")
    return Order(item, descending, nulls_first, place)


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
