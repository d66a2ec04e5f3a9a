"""Whether what a node is asked follows from what the caller asked; a pure function, by which nodes decide.

A question of several levels is answered by many calls, each for one level at one node. Such a call may ask what the
caller asked of that level, and beside it only what joining needs: the items that links stand on, and the records that
some keys meet, no more keys than the rows above can have given.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from schemas.contracts.catalogue import Catalogue
from schemas.contracts.model import SYSTEM_ITEMS, Item, Link, SharingClass
from schemas.query.bound import BoundCondition, BoundFilter, BoundQuery
from schemas.query.tree import Query
from schemas.trust.asked import Asked
from schemas.trust.levels import EQUALITY, Keys, Level, Way, levels

#: Most keys of a joined dataset in one call.
MOST_KEYS = 1_000


@dataclass(frozen=True, slots=True)
class Step:
    """What a node is about to answer: one level as it was put, without embeds. `ids` are the records that it names,
    None: it names none; `passed` is how many rows stand before its first, `counted` whether all are counted."""

    query: BoundQuery
    ids: frozenset[str] | None = None
    passed: int = 0
    counted: bool = False


def needs_question(items: Iterable[Item]) -> bool:
    """Whether one of these items is shown, searched or joined on for a question alone that the caller signed."""
    return any(one.personal and one.sharing.sharing_class is SharingClass.CONDITIONAL for one in items)


def filtered(level: Query | BoundQuery) -> bool:
    """Whether something beside keys decides which records of a level are met. Where nothing does, its keys are not
    asked for without those of the level above: they would be a list of all that there are."""
    return bool(level.where) or any(one.inner and filtered(one.query) for one in level.embeds)


def beyond(step: Step, asked: Asked, catalogue: Catalogue, *, sealed: bool = True) -> str | None:
    """In what a step goes beyond the question; None: it follows. `catalogue` says where the question's links lead; with
    `sealed` those of personal items are joined by sealed keys alone.

    One of dataset, version, records, filter, keys, items, order, rows, count. Of several levels about one dataset the
    step must follow from one.
    """
    found = "dataset"
    for level in levels(asked, catalogue, sealed=sealed):
        if level.dataset == step.query.contract.dataset:
            beyond_it = _beyond(step, level)
            if beyond_it is None:
                return None
            found = beyond_it
    return found


def _beyond(step: Step, level: Level) -> str | None:
    own = level.own(step.query.contract)
    if own is None:
        return "dataset"
    more = _more(step.query.where, own.where)
    if more is None:
        return "filter"
    if step.query.order not in ((), own.order):
        return "order"
    if level.link is None:
        return _beyond_root(step, level, own, more)
    return _beyond_embed(step, level, own, more, level.link)


def _beyond_root(step: Step, level: Level, own: BoundQuery, more: list[BoundFilter]) -> str | None:
    asked = level.asked
    if asked.major not in (None, step.query.contract.major):
        return "version"
    if (asked.ids is None) is not (step.ids is None) or not (step.ids or set()) <= (asked.ids or set()):
        return "records"
    if not _narrows(step, level, more):
        return "filter"
    if step.counted and not asked.counted:
        return "count"
    # What records are addressed by tells which of them answers which key.
    addressed = SYSTEM_ITEMS if asked.ids is not None else () if asked.by is None else (asked.by,)
    if _shows_more(step, own, (*level.ways(), *map(Way, addressed))):
        return "items"
    return "rows" if _asks_more_rows(step, level, own) else None


def _beyond_embed(
    step: Step, level: Level, own: BoundQuery, more: list[BoundFilter], link: Link
) -> str | None:
    if step.ids is not None:
        return "records"
    if step.counted:
        return "count"
    if not more:
        return _beyond_start(step, level)
    keys = _keys(more[0], level.way())
    if len(more) > 1 or keys is None:
        return "filter"
    if not _can_be_met(level, link, keys):
        return "keys"
    return "items" if _shows_more(step, own, (*level.ways(), level.way())) else None


def _beyond_start(step: Step, level: Level) -> str | None:
    """A plan may start from an embed that decides which rows there are: it asks for that embed's keys alone."""
    if not level.decides or not filtered(level.query):
        return "keys"
    return "items" if _shows_more(step, None, (*level.ways(inner=True), level.way())) else None


def _can_be_met(level: Level, link: Link, keys: Keys) -> bool:
    """Whether the rows above can have given these keys."""
    above = level.above
    assert above is not None
    rows, known = above.most_rows(), above.known(link.item)
    few = len(keys) <= MOST_KEYS and (rows is None or len(keys) <= rows)
    return few and (known is None or keys <= known)


def _narrows(step: Step, level: Level, more: list[BoundFilter]) -> bool:
    """Whether further conditions on the root are a lookup's keys, as they must be there, or those of inner embeds."""
    by = level.asked.by
    looked_up = [] if by is None else [keys for one in more if (keys := _keys(one, Way(by))) is not None]
    if by is not None and not any(keys <= level.looked_up(step.query.contract) for keys in looked_up):
        return False
    ways = (*level.ways(inner=True), *(() if by is None else (Way(by),)))
    return all(any(_keys(one, way) is not None for way in ways) for one in more)


def _shows_more(step: Step, own: BoundQuery | None, ways: tuple[Way, ...]) -> bool:
    """Whether an item is shown that was neither asked for, nor ordered or joined by, or is sealed for another link."""
    beside = [
        one for one in step.query.columns if not any(way.fits(one.item.name, one.sealed_for) for way in ways)
    ]
    if any(one.sealed_for is not None for one in beside):
        return True
    more = {one.item.name for one in beside}
    if own is not None:
        more -= {one.item.name for one in own.columns} | {one.item.name for one in own.order}
    if own is not None and own.star:
        return not more.isdisjoint(SYSTEM_ITEMS)
    return step.query.star or bool(more)


def _asks_more_rows(step: Step, level: Level, own: BoundQuery) -> bool:
    """Whether more rows are asked for than the caller's window needs of one node."""
    if own.limit is None or level.walked:
        return False
    limit, end = step.query.limit, own.offset + own.limit
    if limit is None or limit > own.limit:
        return True
    # A page may begin anywhere before the window's end; where a gateway's cursor says where, no node can tell.
    return not level.asked.going_on and step.passed + min(limit, 1) > end


def _more(where: tuple[BoundFilter, ...], own: tuple[BoundFilter, ...]) -> list[BoundFilter] | None:
    """The conditions beyond the caller's own; None where one of those is missing."""
    more = list(where)
    for one in own:
        if one not in more:
            return None
        more.remove(one)
    return more


def _keys(one: BoundFilter, way: Way) -> Keys | None:
    """The keys that a condition names, where it is nothing but keys of this link."""
    if not isinstance(one, BoundCondition) or one.negated or one.operator not in EQUALITY:
        return None
    if not way.fits(one.item.name, one.sealed_for):
        return None
    return frozenset(one.value if isinstance(one.value, tuple) else (one.value,))
