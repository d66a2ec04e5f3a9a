"""The `select` parameter as a tree of columns and embeds; used by `parse`."""

from dataclasses import dataclass

from schemas.query.reading import Reader
from schemas.query.tree import Column, Place, Star

_MAX_DEPTH = 10
_HINTS = {"inner": True, "left": False}


@dataclass(frozen=True, slots=True)
class Branch:
    """An embed while its own parameters are still to be found: its link, alias, and what it selects."""

    link: str
    alias: str | None
    inner: bool
    select: tuple["Part", ...]
    place: Place


Part = Column | Star | Branch


def parts(text: str) -> tuple[Part, ...]:
    """All parts of a select text; empty for an empty one."""
    reader = Reader("select", text)
    reader.blanks()
    if reader.ended:
        return ()
    found = _parts(reader, 1)
    if not reader.ended:
        raise reader.fault(
            "this parenthesis closes nothing" if reader.text[reader.at] == ")" else "here must stand a comma"
        )
    return found


def _parts(reader: Reader, depth: int) -> tuple[Part, ...]:
    if depth > _MAX_DEPTH:
        raise reader.fault(f"embeds may stand at most {_MAX_DEPTH} deep")
    found: list[Part] = []
    while True:
        reader.count()
        reader.blanks()
        found.append(_part(reader, depth))
        reader.blanks()
        if not reader.take(","):
            return tuple(found)


def _part(reader: Reader, depth: int) -> Part:
    place = reader.place
    if reader.take("*"):
        return Star(place)
    _refuse_left_out(reader, "...", "spread embeds")
    name = _name(reader, "an item, a link or *")
    alias = None
    if reader.text.startswith(":", reader.at) and not reader.text.startswith("::", reader.at):
        reader.at += 1
        reader.blanks()
        alias, name = name, _name(reader, "the item or link behind the alias")
    for token, what in (("::", "casts"), ("->", "JSON paths"), (".", "aggregates")):
        _refuse_left_out(reader, token, what)
    inner = _hint(reader)
    if reader.take("("):
        inside = _parts(reader, depth + 1)
        reader.expect(")")
        return Branch(name, alias, bool(inner), inside, place)
    if inner is not None:
        raise reader.fault("behind the hint must stand the embed's selection in parentheses")
    return Column(name, alias, place)


def _name(reader: Reader, what: str) -> str:
    name = reader.name(what)
    reader.blanks()
    return name


def _hint(reader: Reader) -> bool | None:
    if not reader.take("!"):
        return None
    start = reader.place
    word = reader.name("inner or left")
    if word not in _HINTS:
        reader.at = start.offset
        raise reader.fault("the only hints are inner and left: a link is named by itself")
    return _HINTS[word]


def _refuse_left_out(reader: Reader, token: str, what: str) -> None:
    if reader.text.startswith(token, reader.at):
        raise reader.fault(f"{what} are not part of this grammar")
