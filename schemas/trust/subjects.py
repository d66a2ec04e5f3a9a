"""Whom a record or a question is about, as the access log names them: pseudonyms that are the same for one person over
all datasets of a node, and tell nobody else who it is; used by a node's log and by whoever looks a person up in it."""

import base64
import hmac
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from schemas.contracts.model import Contract, Item
from schemas.query.bound import BoundColumn, BoundFilter, Value, conditions
from schemas.query.tree import Operator
from schemas.query.values import to_wire

#: Formats that name a person or an organisation wherever they stand.
_IDENTIFIERS = frozenset({"id-number", "credit-code"})
_PSEUDONYM_BYTES = 16
_PATTERNS = (Operator.LIKE, Operator.ILIKE)

#: A kind of identifier and a value of that kind, as it came: `("id-number", "330102199003070019")`.
Subject = tuple[str, str]


def kind_of(contract: Contract, item: Item) -> str:
    """What kind of identifier an item holds. Equal kinds make equal pseudonyms of equal values.

    The item's format where that is `id-number` or `credit-code`; else where the item's link leads, such as
    `public_security.households.household_no`; else the item itself, `<dataset>.<item>`, which is what links lead to.
    """
    if item.format in _IDENTIFIERS:
        return str(item.format)
    for link in contract.links:
        if link.item == item.name:
            return f"{link.target}.{link.target_item}"
    return f"{contract.dataset}.{item.name}"


def pseudonym(key: bytes, subject: Subject) -> str:
    """What a log says in place of an identifier: 22 characters, keyed by the node's own log key.

    Case and outer blanks make no difference, so that a search by a misspelt number leaves its person's trace.
    """
    kind, value = subject
    message = f"{kind}\0{value.strip().upper()}".encode()
    digest = hmac.digest(key, message, "sha256")[:_PSEUDONYM_BYTES]
    return base64.urlsafe_b64encode(digest)[:-2].decode()


@dataclass(frozen=True, slots=True)
class SubjectReader:
    """Reads whom records are about out of their rows; `columns` is what must be selected for that, the question's own
    columns first."""

    columns: tuple[BoundColumn, ...]
    _places: tuple[tuple[str, int], ...]

    def of(self, rows: Iterable[Sequence[Value]]) -> Iterator[Subject]:
        """The subjects of these rows; none for a null."""
        for row in rows:
            for kind, place in self._places:
                value = row[place]
                if value is not None:
                    yield kind, str(to_wire(value))


def reader(contract: Contract, columns: Sequence[BoundColumn]) -> SubjectReader:
    """A reader for rows of these columns, and of those that the contract's subjects need beside them."""
    selected, places = list(columns), []
    for name in contract.subjects:
        item = contract.items[name]
        place = next((at for at, one in enumerate(selected) if one.item.name == name), None)
        if place is None:
            place = len(selected)
            selected.append(BoundColumn("", item))
        places.append((kind_of(contract, item), place))
    return SubjectReader(tuple(selected), tuple(places))


def identifies(contract: Contract, item: Item) -> bool:
    """Whether a value of the item says whom a question is about."""
    return item.name in contract.subjects or item.format in _IDENTIFIERS


def searched(contract: Contract, where: tuple[BoundFilter, ...]) -> Iterator[Subject]:
    """Every identifier that a filter names, whatever the operator, and whether or not a record has it.

    A pattern counts where it has no wildcard; whom one with wildcards finds stands in the records.
    """
    for one in conditions(where):
        if identifies(contract, one.item):
            values = one.value if isinstance(one.value, tuple) else (one.value,)
            pattern = one.operator in _PATTERNS
            for value in values:
                if value is not None and not (pattern and ("%" in str(value) or "_" in str(value))):
                    yield kind_of(contract, one.item), str(to_wire(value))


def spelt(contracts: Iterable[Contract], subject: Subject) -> frozenset[Subject]:
    """An identifier under every kind under which a node of these contracts may have entered it: its own, and those of
    items that say whom a record is about and whose format says no kind, such as a document's number."""
    own, value = subject
    kinds = {own}
    for contract in contracts:
        for name in contract.subjects:
            item = contract.items[name]
            if item.format not in _IDENTIFIERS:
                kinds.add(kind_of(contract, item))
    return frozenset((kind, value) for kind in kinds)


def addressed(contract: Contract, key: Sequence[Value] | None) -> Iterator[Subject]:
    """The identifiers in a record's key, where its address shows the key."""
    for name, value in zip(contract.key, key or (), strict=False):
        if identifies(contract, contract.items[name]) and value is not None:
            yield kind_of(contract, contract.items[name]), str(to_wire(value))
