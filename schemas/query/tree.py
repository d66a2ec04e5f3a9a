"""A query as parsed, before any contract is looked at: names and texts with the place where each stood."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from enum import StrEnum


class Operator(StrEnum):
    """PostgREST's names of the operators that the grammar keeps."""

    EQ = "eq"
    NEQ = "neq"
    GT = "gt"
    GTE = "gte"
    LT = "lt"
    LTE = "lte"
    LIKE = "like"
    ILIKE = "ilike"
    IS = "is"
    IN = "in"


@dataclass(frozen=True, slots=True)
class Place:
    """Where something stood: the parameter's name and the 0-based character offset in its value."""

    parameter: str = ""
    offset: int = 0


_NOWHERE = Place()


@dataclass(frozen=True, slots=True)
class Condition:
    """`item=not.op.value`; `value` is a tuple of texts for IN, one text otherwise (IS: null/true/false/unknown).

    With `sealed_for` the texts are keys of the link that leads to this `<dataset>.<item>`, sealed: see `sealed`.
    """

    item: str
    operator: Operator
    value: str | tuple[str, ...]
    negated: bool = False
    place: Place = field(default=_NOWHERE, compare=False)
    sealed_for: str | None = None


@dataclass(frozen=True, slots=True)
class Group:
    """`and=(…)` or, with `any`, `or=(…)`."""

    any: bool
    members: tuple["Filter", ...]
    negated: bool = False
    place: Place = field(default=_NOWHERE, compare=False)


Filter = Condition | Group


@dataclass(frozen=True, slots=True)
class Column:
    """An item to return, under `alias` when given; with `sealed_for` as a key of the link that leads there, sealed."""

    name: str
    alias: str | None = None
    place: Place = field(default=_NOWHERE, compare=False)
    sealed_for: str | None = None


@dataclass(frozen=True, slots=True)
class Star:
    """`*`: every item that this caller may see."""

    place: Place = field(default=_NOWHERE, compare=False)


@dataclass(frozen=True, slots=True)
class Order:
    """One sort term. `nulls_first` is None when not said: nulls last ascending, first descending."""

    item: str
    descending: bool = False
    nulls_first: bool | None = None
    place: Place = field(default=_NOWHERE, compare=False)


@dataclass(frozen=True, slots=True)
class Embed:
    """`alias:link!inner(…)`: the records met along `link`, selected by `query`."""

    link: str
    query: "Query"
    alias: str | None = None
    inner: bool = False
    place: Place = field(default=_NOWHERE, compare=False)


Selection = Column | Star | Embed


@dataclass(frozen=True, slots=True)
class Query:
    """One level of a question; `where` members are joined by AND. An empty `select` is `*`."""

    select: tuple[Selection, ...] = ()
    where: tuple[Filter, ...] = ()
    order: tuple[Order, ...] = ()
    limit: int | None = None
    offset: int = 0

    @property
    def embeds(self) -> tuple[Embed, ...]:
        return tuple(one for one in self.select if isinstance(one, Embed))

    def with_where(self, *more: Filter) -> "Query":
        return replace(self, where=self.where + more)


def conditions(filters: Iterable[Filter]) -> Iterator[Condition]:
    """All conditions of filters, depth first."""
    for one in filters:
        if isinstance(one, Group):
            yield from conditions(one.members)
        else:
            yield one
