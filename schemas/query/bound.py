"""A query bound to contracts: every name resolved, every value typed. Made by `bind`; read by planner and stores."""

from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal

from schemas.contracts.model import Contract, Item, Link
from schemas.query.tree import Operator

#: A value as the semantics see it: str, int, Decimal, bool, date, aware UTC datetime; None is null.
Value = str | int | Decimal | bool | date | datetime | None


@dataclass(frozen=True, slots=True)
class BoundCondition:
    """`value` is a tuple for IN; for IS it is None, True or False (`is.unknown` equals `is.null` on booleans).

    LIKE and ILIKE carry PostgreSQL's pattern (`%`, `_`, backslash escapes): `*` has already become `%`.
    With `sealed_for` its values came as keys of the link that leads to this `<dataset>.<item>`, sealed: they are those
    texts until a node has opened them.
    """

    item: Item
    operator: Operator
    value: Value | tuple[Value, ...]
    negated: bool = False
    sealed_for: str | None = None


@dataclass(frozen=True, slots=True)
class BoundGroup:
    """AND, or with `any` OR; an empty AND is true, an empty OR false."""

    any: bool
    members: tuple["BoundFilter", ...]
    negated: bool = False


BoundFilter = BoundCondition | BoundGroup


@dataclass(frozen=True, slots=True)
class BoundColumn:
    """`item` returned under `name`; with `sealed_for` as a key of the link that leads there, sealed."""

    name: str
    item: Item
    sealed_for: str | None = None


@dataclass(frozen=True, slots=True)
class BoundOrder:
    """One sort term with PostgreSQL's default for nulls already applied."""

    item: Item
    descending: bool
    nulls_first: bool


@dataclass(frozen=True, slots=True)
class BoundEmbed:
    """Records met along `link`, shown under `name`: an object or null for cardinality ONE, an array for MANY."""

    name: str
    link: Link
    inner: bool
    query: "BoundQuery"


@dataclass(frozen=True, slots=True)
class BoundQuery:
    """One level of a bound question.

    `star` means that every item the caller may see is wanted beside `columns`; access replaces it by columns.
    """

    contract: Contract
    columns: tuple[BoundColumn, ...] = ()
    star: bool = False
    embeds: tuple[BoundEmbed, ...] = ()
    where: tuple[BoundFilter, ...] = ()
    order: tuple[BoundOrder, ...] = ()
    limit: int | None = None
    offset: int = 0

    def narrowed(self, *scope: BoundFilter) -> "BoundQuery":
        """The same question with more conditions, joined by AND."""
        return replace(self, where=self.where + scope)

    def used_items(self) -> dict[str, Item]:
        """Every item of this level that the question touches (shown, filtered, ordered, joined on), by name.

        Items reached by an embed's own query belong to the other dataset and are not listed.
        """
        found = {one.item.name: one.item for one in self.columns}
        found.update((one.item.name, one.item) for one in self.order)
        found.update((embed.link.item, self.contract.items[embed.link.item]) for embed in self.embeds)
        for condition in conditions(self.where):
            found[condition.item.name] = condition.item
        return found


def conditions(filters: tuple[BoundFilter, ...]) -> list[BoundCondition]:
    """All conditions of a filter tree, depth first."""
    flat: list[BoundCondition] = []
    for one in filters:
        flat.extend(conditions(one.members) if isinstance(one, BoundGroup) else (one,))
    return flat
