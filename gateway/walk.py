"""The root's rows from all its nodes, merged in the question's order, page by page; used by `run`."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from gateway.area import Offer
from gateway.asking import Asker, together
from gateway.joins import order_values
from gateway.judging import Row
from gateway.paging import Place
from gateway.plan import Level, Plan
from gateway.sources import Missing
from schemas.query.bound import BoundCondition
from schemas.query.semantics import sort_key

_START = Place()


class Taken(NamedTuple):
    """One row, the node it came from, and that node's place once the row is used."""

    row: Row
    node: str
    cursor: str | None
    used: int
    done: bool

    @property
    def place(self) -> Place:
        return Place(self.cursor, self.used, self.done)


@dataclass(slots=True)
class Stream:
    """One node's rows in order, from a place on. `total` is its exact count when it was asked for; `pages` how many
    were fetched."""

    asker: Asker
    level: Level
    offer: Offer
    page: int
    narrowed: BoundCondition | None
    begun: Place = _START
    offset: int = 0
    total: int | None = None
    pages: int = 0
    used: int = 0
    body: bytes | None = None
    missing: bool = False
    _rows: list[Row] = field(default_factory=list)
    _cursor: str | None = None
    _following: str | None = None

    async def open(self, counted: bool) -> None:
        """The first page, and the count; a node whose rows are all used is asked for its count alone."""
        if not self.begun.done:
            await self._fetch(self.begun.cursor, self.begun.used, self.page, counted)
        elif counted:
            await self._fetch(None, 0, 0, counted)

    async def fill(self) -> None:
        """See to it that a row is at hand, unless none follows."""
        while not self.ready and self._following is not None and not self.missing:
            await self._fetch(self._following, 0, self.page, False)

    @property
    def ready(self) -> bool:
        return self.used < len(self._rows)

    @property
    def ended(self) -> bool:
        """Whether nothing follows that this node could still give now."""
        return not self.ready and (self._following is None or self.missing)

    @property
    def place(self) -> Place:
        """Where this node's rows are used up to; unchanged when it is missing, so that the next page asks again."""
        if not self.pages:
            return self.begun
        return Place(self._cursor, self.used, done=not self.ready and self._following is None)

    @property
    def head(self) -> Row:
        return self._rows[self.used]

    def take(self) -> Taken:
        row = self.head
        self.used += 1
        if self.ready or self._following is None:
            return Taken(row, self.offer.node, self._cursor, self.used, not self.ready)
        return Taken(row, self.offer.node, self._following, 0, False)

    async def _fetch(self, cursor: str | None, used: int, limit: int, counted: bool) -> None:
        try:
            page = await self.asker.rows(
                self.level,
                self.offer,
                narrowed=self.narrowed,
                limit=limit,
                offset=self.offset if cursor is None else 0,
                cursor=cursor,
                counted=counted,
            )
        except Missing:
            self.missing = True
            return
        self.pages += 1
        self._rows, self._cursor, self._following, self.body = page.rows, cursor, page.next, page.body
        self.used = min(used, len(page.rows))
        self.total = page.total if counted else self.total


class Walk:
    """All nodes' streams as one."""

    def __init__(
        self,
        asker: Asker,
        plan: Plan,
        narrowed: BoundCondition | None,
        places: Mapping[str, Place] | None,
        offset: int,
    ) -> None:
        level = plan.root
        self._level = level
        self._key = sort_key(level.asked.order)
        self._in_turn = len(level.offers) == 1 or not level.order
        self.streams = [
            Stream(asker, level, offer, plan.page, narrowed, (places or {}).get(offer.node, _START), offset)
            for offer in level.offers
        ]

    async def open(self, counted: bool) -> None:
        """Ask every node for its first page, all at the same time."""
        await together(*(one.open(counted) for one in self.streams))

    async def take(self, most: int) -> list[Taken]:
        """At most so many of the next rows; none when no row follows."""
        taken: list[Taken] = []
        while len(taken) < most and (stream := await self._first()) is not None:
            taken.append(stream.take())
            while self._in_turn and stream.ready and len(taken) < most:
                taken.append(stream.take())
        return taken

    @property
    def places(self) -> dict[str, Place]:
        return {one.offer.node: one.place for one in self.streams}

    @property
    def ended(self) -> bool:
        return all(one.ended for one in self.streams)

    @property
    def missing(self) -> bool:
        return any(one.missing for one in self.streams)

    @property
    def total(self) -> int | None:
        """The exact count of all nodes; None when one is missing or was not asked."""
        totals = [one.total for one in self.streams if one.total is not None]
        return sum(totals) if len(totals) == len(self.streams) else None

    async def _first(self) -> Stream | None:
        """The stream whose row comes next; equal rows come in the order of the settings' nodes."""
        if any(not one.ready and not one.ended for one in self.streams):
            await together(*(one.fill() for one in self.streams if not one.ready))
        ready = [one for one in self.streams if one.ready]
        if len(ready) < 2 or self._in_turn:
            return ready[0] if ready else None
        return min(ready, key=lambda one: self._key(order_values(self._level, one.head)))  # type: ignore[arg-type,return-value]
