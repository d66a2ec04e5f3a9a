"""Random questions about the county, as trees of names and texts; every one is sound, so that it must be answered."""

from dataclasses import dataclass
from functools import cache

from hypothesis import Phase
from hypothesis import strategies as st

from schemas.query.tree import (
    Column,
    Condition,
    Embed,
    Filter,
    Group,
    Operator,
    Order,
    Query,
    Selection,
    Star,
)
from schemas.query.values import to_wire
from tests.flow.federation.county import DATASETS
from tests.flow.federation.one_database import link_of, links

_DEEPEST = 3
_COMPARING = tuple(Operator(word) for word in "eq neq gt gte lt lte".split())
_PATTERNS = (Operator.LIKE, Operator.ILIKE)
_WILD = (
    "%",
    "*",
    "_",
    "\\%",
    "\\_",
    "\\*",
    "\\\\",
    "a",
    "A",
    "b",
    "中",
    "é",
    "É",
    "91",
    "",
    "x",
    ",",
    '"',
    "(",
)
#: Texts of values that stand in no table, and other ways to write some that do.
_STRANGE = {
    "string": ("", "nothing", "91a0", "b", "\U0010ffff"),
    "integer": ("5", "+1", "-0", "007", "9007199254740991"),
    "number": ("0", "9.5", "9.50000", ".1", "+10.", "12345678901234567890.125", "-0"),
    "boolean": ("true", "false", "t", "f"),
    "date": ("2020-06-17", "0001-01-01", "9999-12-30"),
    "timestamp": ("2020-06-18T08:00:00+08:00", "2020-06-18 00:00:00.000000Z", "1988-07-01T00:00:00Z"),
}
_NULLS = (None, True, False)
#: Most levels are shown whole.
_LIMITS = (None, None, None, None, None, 1, 1, 2, 3, 5, 0)
_OFFSETS = (0, 0, 0, 0, 0, 0, 1, 2)
#: A failing question is made small; explaining it as well would take minutes.
WITHOUT_EXPLAINING = tuple(phase for phase in Phase if phase is not Phase.explain)


@dataclass(frozen=True)
class Question:
    """A dataset, and what is asked of it."""

    dataset: str
    query: Query


def questions() -> st.SearchStrategy[Question]:
    """Any sound question, with embeds at most three deep."""
    return st.one_of([_about(dataset) for dataset in DATASETS])


def _about(dataset: str) -> st.SearchStrategy[Question]:
    return st.builds(Question, st.just(dataset), levels(dataset, _DEEPEST))


# Each strategy is made once for a dataset: making them anew for each question costs more than asking it.
@cache
def levels(dataset: str, depth: int) -> st.SearchStrategy[Query]:
    """One level of a question with all below it."""
    return st.builds(
        Query,
        select=_selections(dataset, depth),
        where=st.just(()) | st.lists(filters(dataset, _DEEPEST), max_size=2).map(tuple),
        order=st.lists(_orders(dataset), max_size=3).map(tuple),
        limit=st.sampled_from(_LIMITS),
        offset=st.sampled_from(_OFFSETS),
    )


@cache
def _selections(dataset: str, depth: int) -> st.SearchStrategy[tuple[Selection, ...]]:
    """Few parts, of which at the root every second is an embed, and fewer of them below."""
    root = depth == _DEEPEST
    parts: st.SearchStrategy[Column | Embed] = _columns(dataset)
    if depth:
        embeds = st.one_of([_embeds(dataset, name, depth) for name in sorted(links(DATASETS[dataset]))])
        # Without `builds` each of the links would weigh as much as all columns together.
        parts = st.one_of([*(parts for _ in range(1 if root else 2)), st.builds(_itself, embeds)])
    return st.builds(_named_once, st.booleans(), st.lists(parts, max_size=4 if root else 3))


def _itself(embed: Embed) -> Embed:
    return embed


def _named_once(star: bool, parts: list[Column | Embed]) -> tuple[Selection, ...]:
    """The parts of which no two bear one name, behind a star or not."""
    kept: dict[str, Selection] = {}
    for part in parts:
        name = part.alias or (part.name if isinstance(part, Column) else part.link)
        if not (star and isinstance(part, Column) and part.alias is None):
            kept.setdefault(name, part)
    return (Star(), *kept.values()) if star else tuple(kept.values())


def _columns(dataset: str) -> st.SearchStrategy[Column]:
    aliases = st.none() | st.sampled_from(("a1", "b2", "c3"))
    return st.builds(Column, st.sampled_from(_shared(dataset)), aliases)


def _embeds(dataset: str, name: str, depth: int) -> st.SearchStrategy[Embed]:
    below = levels(link_of(DATASETS[dataset], name).target.dataset, depth - 1)
    aliases = st.none() | st.sampled_from(("x1", "y2", "z3"))
    return st.builds(Embed, st.just(name), below, aliases, st.sampled_from((False, False, True)))


def _shared(dataset: str) -> list[str]:
    one = DATASETS[dataset]
    return [item for item in one.items if item not in one.withheld]


@cache
def filters(dataset: str, depth: int) -> st.SearchStrategy[Filter]:
    """A condition, or conditions joined by and, or, not."""
    condition = st.one_of([_conditions(dataset, item) for item in _shared(dataset)])
    if depth == 1:
        return condition
    members = st.lists(filters(dataset, depth - 1), min_size=1, max_size=3).map(tuple)
    return condition | st.builds(Group, st.booleans(), members, st.booleans())


def _conditions(dataset: str, item: str) -> st.SearchStrategy[Condition]:
    """Any condition on one item."""
    kind = DATASETS[dataset].items[item].type
    texts, named = _texts(dataset, item), st.just(item)
    words = ("null", "true", "false", "unknown") if kind == "boolean" else ("null",)
    ways = [
        (st.sampled_from(_COMPARING), texts),
        (st.just(Operator.IN), st.lists(texts, max_size=4).map(tuple)),
        (st.just(Operator.IS), st.sampled_from(words)),
    ]
    if kind == "string":
        pieces = st.sampled_from(_WILD) | texts.map(lambda text: text.replace("\\", "\\\\"))
        ways.append((st.sampled_from(_PATTERNS), st.lists(pieces, max_size=4).map("".join)))
    return st.one_of([st.builds(Condition, named, *way, st.booleans()) for way in ways])


def _texts(dataset: str, item: str) -> st.SearchStrategy[str]:
    """Texts that mean values of the item; mostly values that records hold."""
    spelling = DATASETS[dataset].items[item]
    known = [_text(to_wire(value)) for value, _ in spelling.present()]
    return st.sampled_from(known) | st.sampled_from(_STRANGE[spelling.type])


def _text(wire: str | int | bool | None) -> str:
    return str(wire).lower() if isinstance(wire, bool) else str(wire)


def _orders(dataset: str) -> st.SearchStrategy[Order]:
    return st.builds(Order, st.sampled_from(_shared(dataset)), st.booleans(), st.sampled_from(_NULLS))
