"""The `order` parameter as terms; used by `parse`."""

from schemas.query.reading import Reader
from schemas.query.tree import Order

_NULLS = {"nullsfirst": True, "nullslast": False}
_DIRECTIONS = {"asc": False, "desc": True}


def order_terms(name: str, text: str) -> tuple[Order, ...]:
    """`item.desc.nullslast,…`; raises Problem."""
    reader = Reader(name, text)
    terms: list[Order] = []
    while True:
        reader.count()
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
