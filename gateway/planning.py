"""From a bound question to its plan: a pure function of question, area and settings; called by every read."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from gateway.area import Area
from gateway.plan import Join, Level, Plan, Start
from gateway.settings import Settings
from schemas.contracts.model import SYSTEM_ITEMS, Cardinality, Item, ItemType
from schemas.query.bound import BoundColumn, BoundEmbed, BoundQuery, conditions
from schemas.query.estimate import estimated_rows
from schemas.query.size import MAX_KEYS
from schemas.trust.access import refuse_early
from schemas.trust.follows import filtered, needs_question
from schemas.trust.model import Caller
from schemas.trust.sealing import travels_sealed
from schemas.wire.problem import Problem

#: Items whose wire form is their value: a column shown to the caller can be read as a key as it is.
_PLAIN = frozenset({ItemType.STRING, ItemType.INTEGER, ItemType.BOOLEAN})
#: An item that is matched, and the end that its values are sealed for, None: they are not.
_Key = tuple[Item, str | None]
#: Records that one key meets where the contract does not say that it is unique.
_PER_KEY = 5


def plan_of(
    question: BoundQuery,
    area: Area,
    settings: Settings,
    caller: Caller,
    *,
    counted: bool = False,
    start: str | None = None,
) -> Plan:
    """The plan of a question, whose rows are `counted` or not. `start` names the embed to start from, "" the root;
    None lets estimates decide.

    Raises Problem not-filterable when a link stands on an item that no node filters by.
    """
    planner = _Planner(area, settings.seal_keys, caller)
    chosen = _chosen(planner, question, settings) if start is None else _named(planner, question, start)
    root = planner.root(question, settings.max_rows, counted, chosen)
    probed = sum(one.estimate for one in chosen.probe.every()) if chosen is not None else 0
    estimate = probed + sum(one.estimate for one in root.every())
    return Plan(root, _page(question, root, settings), chosen, estimate)


def lookup_of(
    question: BoundQuery, area: Area, settings: Settings, caller: Caller, item: Item, keys: int
) -> Level:
    """The root level of a lookup of so many keys by an item. The caller wrote them, so they are not sealed."""
    planner = _Planner(area, settings.seal_keys, caller)
    return planner.level(
        question, "", (item, None), min(planner.met(question), keys * _per_key(question, item))
    )


@dataclass(frozen=True, slots=True)
class _Planner:
    """`sealing`: whether the join keys of personal items pass sealed."""

    area: Area
    sealing: bool
    caller: Caller

    def root(self, query: BoundQuery, most: int, counted: bool, start: Start | None) -> Level:
        met = self.met(query)
        if start is not None:
            met = min(met, start.probe.estimate * _per_key(query, start.item))
        wanted = query.offset + min(most, most if query.limit is None else query.limit)
        # What an inner embed leaves can only be counted one by one.
        walked = counted and any(one.inner for one in query.embeds)
        return self.level(query, "", None, met if walked else min(met, wanted))

    def met(self, query: BoundQuery) -> int:
        """About how many records meet a level's own filter."""
        return estimated_rows(query, self.area.records(query.contract.dataset))

    def level(self, query: BoundQuery, path: str, key: _Key | None, estimate: int) -> Level:
        offers = self.area.offers[query.contract.dataset]
        columns = _Columns(query)
        matched = columns.of(*key) if key is not None else None
        order = tuple(columns.of(one.item) for one in query.order) if len(offers) > 1 else ()
        joins = tuple(self.join(one, query, columns, path, estimate) for one in query.embeds)
        used = [*query.used_items().values(), *([key[0]] if key is not None else [])]
        return Level(
            path=path,
            asked=replace(query, columns=tuple(columns.all), embeds=(), limit=None, offset=0),
            limit=query.limit,
            offset=query.offset,
            offers=offers,
            hidden=frozenset(columns.hidden),
            key=matched,
            order=order,
            joins=joins,
            estimate=estimate,
            refusal=_refusal(query, used, self.caller),
        )

    def join(
        self, embed: BoundEmbed, parent: BoundQuery, columns: "_Columns", path: str, parents: int
    ) -> Join:
        below = f"{path}.{embed.name}" if path else embed.name
        target = embed.query.contract.items[embed.link.target_item]
        if not target.filterable:
            message = f"the link {embed.link.name} cannot be followed: {target.not_filterable_because}"
            raise Problem("not-filterable", message, members={"items": [target.name]})
        estimate = min(self.met(embed.query), parents * _per_key(embed.query, target))
        here, there = self.sealed_for(parent, embed)
        return Join(
            name=embed.name,
            link=embed.link.name,
            one=embed.link.cardinality is Cardinality.ONE,
            inner=embed.inner,
            parent=columns.of(parent.contract.items[embed.link.item], here),
            level=self.level(embed.query, below, (target, there), estimate),
        )

    def start(self, embed: BoundEmbed, parent: BoundQuery) -> Start:
        probe = _probe(embed.query)
        target = embed.query.contract.items[embed.link.target_item]
        here, there = self.sealed_for(parent, embed)
        level = self.level(probe, embed.name, (target, there), self.met(probe))
        return Start(level, parent.contract.items[embed.link.item], here, embed.name)

    def sealed_for(self, parent: BoundQuery, embed: BoundEmbed) -> tuple[str | None, str | None]:
        """What the keys of an embed's link are sealed for at the parent and at the embed: each other's end; None where
        they are not. What nobody in particular asks needs none: it joins by items that are open to everybody, or is
        refused, and a call without a token is no gateway's message, to whom alone nodes give what is sealed."""
        link, dataset = embed.link, parent.contract.dataset
        sealing = self.sealing and not self.caller.anonymous
        if not (sealing and travels_sealed(self.area.catalogue, dataset, link)):
            return None, None
        return f"{link.target}.{link.target_item}", f"{dataset}.{link.item}"


@dataclass(slots=True)
class _Columns:
    """The columns that a level asks its nodes for: the caller's, and beside them those that only the gateway reads."""

    query: BoundQuery
    all: list[BoundColumn] = field(default_factory=list)
    hidden: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.all = list(self.query.columns)

    def of(self, item: Item, sealed_for: str | None = None) -> BoundColumn:
        """The column that holds an item's value, or its value sealed."""
        for column in self.all:
            own = column.name in self.hidden or (sealed_for is None and item.type in _PLAIN)
            if own and (column.item.name, column.sealed_for) == (item.name, sealed_for):
                return column
        column = BoundColumn(self._free_name(), item, sealed_for)
        self.all.append(column)
        self.hidden.append(column.name)
        return column

    def _free_name(self) -> str:
        taken = {one.name for one in self.all} | {one.name for one in self.query.embeds}
        taken |= set(self.query.contract.items)
        number = 0
        while (name := f"_k{number}") in taken:
            number += 1
        return name


def _per_key(query: BoundQuery, item: Item) -> int:
    """Records that one key meets."""
    alone = item.unique or query.contract.key == (item.name,) or item.name in SYSTEM_ITEMS
    return 1 if alone else _PER_KEY


def _refusal(query: BoundQuery, used: Iterable[Item], caller: Caller) -> Problem | None:
    try:
        refuse_early(query.contract, used, caller)
    except Problem as refused:
        return refused
    return None


def _page(query: BoundQuery, root: Level, settings: Settings) -> int:
    wanted = settings.max_rows if query.limit is None else min(query.limit, settings.max_rows)
    if root.inner:
        # Some of the records will fall away, so ask for more than are wanted, in whole rounds of keys.
        return min(settings.walk_rows, max(settings.join_keys, 2 * wanted))
    return wanted


def _chosen(planner: _Planner, question: BoundQuery, settings: Settings) -> Start | None:
    """Start from the inner embed that meets the fewest records, when that spares most of the root's."""
    inner = [one for one in question.embeds if one.inner and _may_start(one)]
    if not inner or planner.met(question) <= settings.join_keys:
        return None
    listed = sum(len(one.value) for one in conditions(question.where) if isinstance(one.value, tuple))
    if listed + settings.start_keys > MAX_KEYS:
        return None
    starts = [planner.start(one, question) for one in inner]
    best = min(starts, key=lambda one: one.probe.estimate)
    cheap = best.probe.estimate <= settings.start_keys and 2 * best.probe.estimate <= planner.met(question)
    return best if cheap and best.item.filterable else None


def _may_start(embed: BoundEmbed) -> bool:
    """Whether departments give this embed's keys without those of the root: see `follows`."""
    probe = _probe(embed.query)
    target = probe.contract.items[embed.link.target_item]
    return filtered(probe) or not needs_question([*probe.used_items().values(), target])


def _named(planner: _Planner, question: BoundQuery, name: str) -> Start | None:
    embed = next((one for one in question.embeds if one.inner and one.name == name), None)
    return None if embed is None else planner.start(embed, question)


def _probe(query: BoundQuery) -> BoundQuery:
    """A level as far as it decides which records have a match: no columns, no order, no window, inner embeds alone."""
    inner = tuple(replace(one, query=_probe(one.query)) for one in query.embeds if one.inner)
    return replace(query, columns=(), star=False, embeds=inner, order=(), limit=None, offset=0)
