"""How a question will be answered, as a plain value: which nodes are asked what, and what is joined on what.

Made by `planning` from question, area and settings alone; printed by `steps`, carried out by `run`.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from gateway.area import Offer
from schemas.contracts.model import Item
from schemas.query.bound import BoundColumn, BoundQuery
from schemas.wire.problem import Problem


@dataclass(frozen=True, slots=True)
class Level:
    """One level of the question: the root, or an embed.

    `asked` is what every node of `offers` is asked, one level without limit; `limit` and `offset` are the level's
    own window, which for an embed counts per parent. `hidden` are the columns that only the gateway reads: they
    leave the answer. `key` is the column that is matched with the parent's, `order` the columns whose values order
    the rows of several nodes. `estimate` is how many records may come; `refusal` says why no node will be asked.
    """

    path: str
    asked: BoundQuery
    limit: int | None
    offset: int
    offers: tuple[Offer, ...]
    hidden: frozenset[str]
    key: BoundColumn | None
    order: tuple[BoundColumn, ...]
    joins: tuple["Join", ...]
    estimate: int
    refusal: Problem | None = None

    @property
    def dataset(self) -> str:
        return self.asked.contract.dataset

    @property
    def inner(self) -> tuple["Join", ...]:
        """The joins without whose records a row falls away."""
        return tuple(one for one in self.joins if one.inner)

    def every(self) -> Iterator["Level"]:
        """This level and all below it."""
        yield self
        for join in self.joins:
            yield from join.level.every()


@dataclass(frozen=True, slots=True)
class Join:
    """An embed: the records of `level` whose key equals the parent row's value in the column `parent`, shown under
    `name` as an object or null (`one`), or as an array."""

    name: str
    link: str
    one: bool
    inner: bool
    parent: BoundColumn
    level: Level

    @property
    def target(self) -> Item:
        """The item of the embedded dataset that is matched."""
        assert self.level.key is not None
        return self.level.key.item


@dataclass(frozen=True, slots=True)
class Start:
    """Where a plan begins when not at the root: the keys of an inner embed are fetched first (`probe`), and the root
    is asked for records with those alone, by `item`; `sealed_for` where they are sealed."""

    probe: Level
    item: Item
    sealed_for: str | None
    name: str


@dataclass(frozen=True, slots=True)
class Plan:
    """The whole plan. `page` is how many root records are asked of a node at a time; `estimate` how many records
    the plan may fetch from all nodes together."""

    root: Level
    page: int
    start: Start | None
    estimate: int

    @property
    def plain(self) -> bool:
        """Whether one node's answer is the answer."""
        return not self.root.joins and len(self.root.offers) == 1

    @property
    def pushed_down(self) -> bool:
        """Whether offset and count are the node's work: one node is asked, and nothing falls away here."""
        return not self.root.inner and len(self.root.offers) == 1

    def refusals(self) -> Iterator[tuple[Level, Problem]]:
        """The levels that nobody will be asked, with the reason of each."""
        for level in self.root.every():
            if level.refusal is not None:
                yield level, level.refusal
