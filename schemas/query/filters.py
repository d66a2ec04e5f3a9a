"""Filters from their texts: `op.value`, and the lists of `and=(…)` and `or=(…)`; used by `parse`."""

import re

from schemas.query.reading import Reader, fault_at, nearest, shown, unescaped
from schemas.query.tree import Condition, Filter, Group, Operator, Place
from schemas.wire.problem import Problem

#: One value of a list and what ends it.
_LISTED = re.compile(r'(?:"((?:[^"\\]|\\.)*)"|((?!")[^,)]*))([,)])', re.DOTALL)
_MAX_DEPTH = 50
_IS_VALUES = {"null": "null", "not_null": "null", "true": "true", "false": "false", "unknown": "unknown"}
#: Operators that PostgREST has and this grammar leaves out.
_LEFT_OUT = frozenset("match imatch isdistinct fts plfts phfts wfts cs cd ov sl sr nxr nxl adj".split())


def condition(item: str, parameter: str, text: str) -> Condition:
    """`not.op.value` of a parameter of its own: the value runs to the end of the text."""
    reader = Reader(parameter, text)
    place = reader.place
    negated = reader.take("not.")
    operator = _operator(reader)
    if operator is Operator.IN:
        values = _list(reader)
        if not reader.ended:
            raise reader.fault("nothing may follow the list")
        return Condition(item, operator, values, negated, place)
    rest = text[reader.at :]
    return _checked(item, operator, rest, negated, reader)


def group(parameter: str, text: str, *, either: bool, negated: bool) -> Group:
    """`and=(…)` or `or=(…)`."""
    reader = Reader(parameter, text)
    members = _members(reader, 1)
    if not reader.ended:
        raise reader.fault("nothing may follow the list")
    return Group(either, members, negated, Place(parameter, 0))


def _members(reader: Reader, depth: int) -> tuple[Filter, ...]:
    if depth > _MAX_DEPTH:
        raise reader.fault(f"conditions may stand at most {_MAX_DEPTH} deep")
    reader.expect("(")
    members: list[Filter] = []
    while True:
        reader.count()
        reader.blanks()
        members.append(_member(reader, depth))
        reader.blanks()
        if reader.take(")"):
            return tuple(members)
        reader.expect(",")


def _member(reader: Reader, depth: int) -> Filter:
    place = reader.place
    for prefix, negated in (("not.", True), ("", False)):
        for word, is_any in (("and", False), ("or", True)):
            if reader.text.startswith(f"{prefix}{word}(", reader.at):
                reader.at += len(prefix) + len(word)
                return Group(is_any, _members(reader, depth + 1), negated, place)
    item = reader.name("the name of an item")
    if reader.text.startswith(".", reader.at) is False:
        raise reader.fault("behind the item must stand a dot and an operator")
    reader.expect(".")
    negated = reader.take("not.")
    operator = _operator(reader)
    if operator is Operator.IN:
        return Condition(item, operator, _list(reader), negated, place)
    text = reader.bare() if operator is Operator.IS else reader.value()
    return _checked(item, operator, text, negated, reader, place)


def _operator(reader: Reader) -> Operator:
    end = reader.text.find(".", reader.at)
    word = reader.text[reader.at : end if end >= 0 else len(reader.text)]
    if end < 0 or word not in list(Operator):
        raise _no_operator(reader, word)
    reader.at = end + 1
    return Operator(word)


def _no_operator(reader: Reader, word: str) -> Problem:
    plain = word.partition("(")[0]
    known = [one.value for one in Operator]
    if plain in _LEFT_OUT:
        return reader.fault(
            f"the operator {plain} is not part of this grammar", "unknown-operator", nearest=None
        )
    if plain in known and plain != word:
        return reader.fault("the quantifiers any and all are not part of this grammar", "unknown-operator")
    near = nearest(plain, known) if len(plain) <= 16 else None
    hint = f"; did you mean {near}?" if near else ""
    return reader.fault(f"here must stand an operator and a dot{hint}", "unknown-operator", nearest=near)


def _list(reader: Reader) -> tuple[str, ...]:
    """`(a,"b,c",…)`; a list may hold ten thousand values, and without a quote it is cut at its commas at once."""
    reader.expect("(")
    if reader.take(")"):
        return ()
    at, text, match = reader.at, reader.text, _LISTED.match
    end = text.find(")", at)
    if end >= 0 and text.find('"', at, end) < 0:
        reader.at = end + 1
        return tuple(text[at:end].split(","))
    values: list[str] = []
    while found := match(text, at):
        quoted, bare, ending = found.groups()
        values.append(bare if quoted is None else unescaped(quoted))
        at = found.end()
        if ending == ")":
            reader.at = at
            return tuple(values)
    reader.at = at
    raise reader.fault("here must stand a value and then a comma or a closing parenthesis")


def _checked(
    item: str, operator: Operator, text: str, negated: bool, reader: Reader, place: Place | None = None
) -> Condition:
    if operator is not Operator.IS:
        return Condition(item, operator, text, negated, place or Place(reader.parameter, 0))
    word = text.lower()
    if word not in _IS_VALUES:
        raise fault_at(
            reader.place, f"is takes null, not_null, true, false or unknown for {shown(item)}", "bad-value"
        )
    return Condition(
        item, operator, _IS_VALUES[word], negated ^ (word == "not_null"), place or Place(reader.parameter, 0)
    )
