"""A query bound to contracts: names resolved, values typed, or a problem with its place; called by node and gateway."""

from dataclasses import dataclass

from schemas.contracts.catalogue import Catalogue
from schemas.contracts.model import SYSTEM_ITEMS, Contract, Item, ItemType
from schemas.query.bound import (
    BoundColumn,
    BoundCondition,
    BoundEmbed,
    BoundFilter,
    BoundGroup,
    BoundOrder,
    BoundQuery,
    Value,
)
from schemas.query.reading import fault_at, nearest, shown
from schemas.query.tree import Column, Condition, Embed, Filter, Group, Operator, Order, Place, Query, Star
from schemas.query.values import UnreadableValue, from_text
from schemas.wire.problem import Problem

_PATTERNS = (Operator.LIKE, Operator.ILIKE)
_TRUTHS: dict[str, Value] = {"null": None, "unknown": None, "true": True, "false": False}


def bind(
    query: Query, catalogue: Catalogue, dataset: str, major: int | None = None, *, in_url: bool = False
) -> BoundQuery:
    """The bound query over a dataset; `in_url` refuses personal items in filters. Raises Problem."""
    return _Binder(catalogue, in_url).query(query, catalogue.contract(dataset, major))


@dataclass(frozen=True, slots=True)
class _Binder:
    catalogue: Catalogue
    in_url: bool

    def query(self, query: Query, contract: Contract) -> BoundQuery:
        columns = tuple(self._column(one, contract) for one in query.select if isinstance(one, Column))
        embeds = tuple(self._embed(one, contract) for one in query.embeds)
        star = not query.select or any(isinstance(one, Star) for one in query.select)
        _refuse_doubles(query, contract, star)
        return BoundQuery(
            contract=contract,
            columns=columns,
            star=star,
            embeds=embeds,
            where=tuple(self._filter(one, contract) for one in query.where),
            order=tuple(_order(one, contract) for one in query.order),
            limit=query.limit,
            offset=query.offset,
        )

    def _column(self, one: Column, contract: Contract) -> BoundColumn:
        item = SYSTEM_ITEMS.get(one.name) or self._item(one.name, contract, one.place)
        return BoundColumn(one.alias or one.name, item, one.sealed_for)

    def _item(self, name: str, contract: Contract, place: Place) -> Item:
        item = contract.items.get(name)
        if item is None and name in self.catalogue.links(contract.dataset):
            raise fault_at(
                place, f"{name} is a link: write {name}(…) to embed it", "unknown-item", nearest=None
            )
        return item or _no_item(name, contract, place)

    def _embed(self, one: Embed, contract: Contract) -> BoundEmbed:
        links = self.catalogue.links(contract.dataset)
        link = links.get(one.link)
        if link is None:
            near = nearest(one.link, links)
            hint = f"; did you mean {near}?" if near else ""
            message = f"{contract.dataset} has no link {shown(one.link)}{hint}"
            raise fault_at(one.place, message, "unknown-link", nearest=near)
        if not self.catalogue.majors(link.target):
            message = f"{link.name} leads to {link.target}, which is not served here"
            raise fault_at(one.place, message, "unknown-link", nearest=None)
        target = self.catalogue.contract(link.target)
        for side, item in ((contract, link.item), (target, link.target_item)):
            if item not in side.items:
                message = f"the link {link.name} stands on {item}, which version {side.major} of {side.dataset} has not"
                raise fault_at(one.place, message, "unknown-link", nearest=None)
        return BoundEmbed(one.alias or one.link, link, one.inner, self.query(one.query, target))

    def _filter(self, one: Filter, contract: Contract) -> BoundFilter:
        if isinstance(one, Group):
            return BoundGroup(
                one.any, tuple(self._filter(member, contract) for member in one.members), one.negated
            )
        if one.item in SYSTEM_ITEMS:
            raise fault_at(
                one.place, f"{one.item} is not filtered by; use its address or lookup", "not-filterable"
            )
        item = self._item(one.item, contract, one.place)
        self._may_filter(item, one.place)
        return BoundCondition(item, one.operator, _value(item, one), one.negated, one.sealed_for)

    def _may_filter(self, item: Item, place: Place) -> None:
        if not item.filterable:
            raise fault_at(
                place, f"{item.name} cannot be filtered: {item.not_filterable_because}", "not-filterable"
            )
        if self.in_url and item.personal:
            message = f"{item.name} is personal, and addresses are logged along the way: ask by POST …/query"
            raise fault_at(place, message, "use-post", items=[item.name])


def _refuse_doubles(query: Query, contract: Contract, star: bool) -> None:
    seen = set(contract.items) if star else set()
    for one in query.select:
        if isinstance(one, Star):
            continue
        name = one.alias or (one.name if isinstance(one, Column) else one.link)
        repeated_column = isinstance(one, Column) and one.alias is None and star
        if name in seen and not repeated_column:
            raise fault_at(
                one.place, f"two parts of the answer would bear the name {shown(name)}; give one an alias"
            )
        seen.add(name)


def _order(one: Order, contract: Contract) -> BoundOrder:
    item = contract.items.get(one.item) or _no_item(one.item, contract, one.place)
    if not item.filterable:
        raise fault_at(
            one.place, f"{item.name} cannot be sorted: {item.not_filterable_because}", "not-filterable"
        )
    nulls_first = one.descending if one.nulls_first is None else one.nulls_first
    return BoundOrder(item, one.descending, nulls_first)


def _value(item: Item, one: Condition) -> Value | tuple[Value, ...]:
    if one.sealed_for is not None:
        return one.value
    if one.operator is Operator.IS:
        return _truth(item, one)
    if one.operator in _PATTERNS:
        return _pattern(item, one)
    if isinstance(one.value, tuple):
        return tuple(_read(item, one.place, text) for text in one.value)
    return _read(item, one.place, one.value)


def _read(item: Item, place: Place, text: str) -> Value:
    try:
        return from_text(item, text)
    except UnreadableValue as fault:
        raise fault_at(place, str(fault), "bad-value", items=[item.name]) from None


def _truth(item: Item, one: Condition) -> Value:
    word = str(one.value)
    if word != "null" and item.type is not ItemType.BOOLEAN:
        raise fault_at(
            one.place, f"{item.name} is no boolean: is takes null here", "bad-value", items=[item.name]
        )
    return _TRUTHS[word]


def _pattern(item: Item, one: Condition) -> str:
    if item.type is not ItemType.STRING:
        raise fault_at(
            one.place, f"{one.operator} is for texts, and {item.name} is none", "bad-value", items=[item.name]
        )
    pattern = str(_read(item, one.place, str(one.value))).replace("*", "%")
    if (len(pattern) - len(pattern.rstrip("\\"))) % 2:
        raise fault_at(
            one.place, "a pattern may not end in a single backslash", "bad-value", items=[item.name]
        )
    return pattern


def _no_item(name: str, contract: Contract, place: Place) -> Item:
    near = nearest(name, contract.items)
    hint = f"; did you mean {near}?" if near else ""
    problem: Problem = fault_at(
        place, f"{contract.dataset} has no item {shown(name)}{hint}", "unknown-item", nearest=near
    )
    raise problem
