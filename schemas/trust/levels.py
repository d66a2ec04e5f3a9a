"""The levels of a caller's question, and what the question itself says of their records; used by `follows`."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from schemas.contracts.catalogue import Catalogue
from schemas.contracts.model import Cardinality, Contract, Link
from schemas.query.bind import bind
from schemas.query.bound import BoundQuery, Value
from schemas.query.question import lookup_values
from schemas.query.tree import Column, Condition, Filter, Operator, Query, Star
from schemas.query.values import UnreadableValue, from_text
from schemas.trust.asked import Asked
from schemas.trust.sealing import travels_sealed
from schemas.wire.problem import Problem

EQUALITY = (Operator.EQ, Operator.IN)
Keys = frozenset[Value]


def levels(asked: Asked, catalogue: Catalogue, *, sealed: bool = True) -> Iterator["Level"]:
    """All levels of a question, as far as the catalogue knows where its links lead; the root first. With `sealed` the
    join keys of personal items are none unless they are sealed."""
    waiting = [Level(asked, catalogue, sealed, asked.dataset, asked.query)]
    while waiting:
        level = waiting.pop()
        yield level
        links = catalogue.links(level.dataset)
        waiting += [
            Level(
                asked, catalogue, sealed, links[one.link].target, one.query, level, links[one.link], one.inner
            )
            for one in level.query.embeds
            if one.link in links
        ]


@dataclass(frozen=True, slots=True)
class Way:
    """How a link is joined by at one of its ends: by keys of `item`, sealed for the `other` end, or as they are where
    that is `plain` enough."""

    item: str
    other: str = ""
    plain: bool = True

    def fits(self, item: str, sealed_for: str | None) -> bool:
        """Whether keys of this item, sealed so or not, are this link's."""
        return item == self.item and (self.plain if sealed_for is None else sealed_for == self.other)


@dataclass(frozen=True, slots=True)
class Level:
    """One level of a question: the root, or what is met along `link` from the level `above`."""

    asked: Asked
    catalogue: Catalogue
    sealed: bool
    dataset: str
    query: Query
    above: "Level | None" = None
    link: Link | None = None
    inner: bool = True

    @property
    def decides(self) -> bool:
        """Whether a row of the root falls away that meets no record here."""
        return self.inner and (self.above is None or self.above.decides)

    @property
    def walked(self) -> bool:
        """Whether more of its records may have to be looked at than belong to the answer."""
        return any(one.inner for one in self.query.embeds)

    def own(self, contract: Contract) -> BoundQuery | None:
        """What the caller asked of this level itself; None where it asked in the words of another contract. The item
        of a lookup is left out."""
        query = self.query
        columns = tuple(one for one in query.select if isinstance(one, Column))
        star = not query.select or any(isinstance(one, Star) for one in query.select)
        asked = replace(query, select=columns, where=self._where)
        try:
            own = bind(asked, Catalogue([contract]), contract.dataset, contract.major)
        except Problem:
            return None
        return replace(own, star=star and self.asked.shows)

    def ways(self, *, inner: bool = False) -> tuple[Way, ...]:
        """How its embeds are joined; with `inner` those alone that decide."""
        links = self.catalogue.links(self.dataset)
        embeds = (one for one in self.query.embeds if one.link in links and (one.inner or not inner))
        found = (links[one.link] for one in embeds)
        return tuple(
            Way(one.item, f"{one.target}.{one.target_item}", self._plain(self, one)) for one in found
        )

    def way(self) -> Way:
        """How it is joined to the level above."""
        assert self.above is not None
        assert self.link is not None
        above = f"{self.above.dataset}.{self.link.item}"
        return Way(self.link.target_item, above, self._plain(self.above, self.link))

    def most_rows(self) -> int | None:
        """How many of its records can stand in one answer; None: any number."""
        if self.above is None:
            if self.asked.ids is not None:
                return len(self.asked.ids)
            return None if self.walked else self.query.limit
        assert self.link is not None
        return self.above.most_rows() if self.link.cardinality is Cardinality.ONE else None

    def known(self, item: str) -> Keys | None:
        """The values that an item of its records can have, as the question itself says them; None: any."""
        said = (self._said(item, one) for one in self._where)
        found = [one for one in said if one is not None]
        if self._looked_up_by == item:
            found.append(self.looked_up(self.catalogue.contract(self.dataset)))
        if self.above is not None and self.link is not None and self.link.target_item == item:
            above = self.above.known(self.link.item)
            found += [above] if above is not None else []
        return frozenset.intersection(*found) if found else None

    def looked_up(self, contract: Contract) -> Keys:
        """The values that a lookup names; none where they cannot be read."""
        item = contract.items.get(self.asked.by or "")
        try:
            return frozenset() if item is None else frozenset(lookup_values(item, self.asked.keys))
        except Problem:
            return frozenset()

    def _plain(self, above: "Level", link: Link) -> bool:
        return not (self.sealed and travels_sealed(self.catalogue, above.dataset, link))

    @property
    def _looked_up_by(self) -> str | None:
        return self.asked.by if self.above is None else None

    @property
    def _where(self) -> tuple[Filter, ...]:
        """Its conditions without the one that names the item of a lookup."""
        return self.query.where if self._looked_up_by is None else self.query.where[:-1]

    def _said(self, item: str, one: Filter) -> Keys | None:
        """The values that a condition names for an item; None where it names none, or is another's."""
        if not isinstance(one, Condition) or one.item != item or one.negated or one.operator not in EQUALITY:
            return None
        found = self.catalogue.contract(self.dataset).items.get(item)
        texts = one.value if isinstance(one.value, tuple) else (one.value,)
        try:
            return None if found is None else frozenset(from_text(found, text) for text in texts)
        except UnreadableValue:
            return None
