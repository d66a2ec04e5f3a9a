"""A contract as plain values: what every room reads of a dataset; made from a file by `load` alone."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class ItemType(StrEnum):
    """The six types an item can have; `schemas.query.values` gives each one's Python and wire form."""

    STRING = "string"
    INTEGER = "integer"
    DECIMAL = "decimal"
    BOOLEAN = "boolean"
    DATE = "date"
    TIMESTAMP = "timestamp"


class SharingClass(StrEnum):
    """无条件共享 / 有条件共享 / 不予共享 (Government Data Sharing Regulation, article 14)."""

    UNCONDITIONAL = "unconditional"
    CONDITIONAL = "conditional"
    WITHHELD = "withheld"


class Cardinality(StrEnum):
    """How many records of the target one record may meet along a link."""

    ONE = "one"
    MANY = "many"


@dataclass(frozen=True, slots=True)
class Sharing:
    """A sharing class with what the regulation makes it state.

    `scope` and `purpose` stand with conditional; `reason` and `legal_basis` with withheld.
    """

    sharing_class: SharingClass
    scope: str | None = None
    purpose: str | None = None
    reason: str | None = None
    legal_basis: str | None = None


@dataclass(frozen=True, slots=True)
class Item:
    """One field of a dataset.

    `open_basis` is the legal basis for opening it to the public (None: not open). `scale` is the number of
    decimal places of a DECIMAL. `values` is the closed list of a coded STRING, None when free.
    `format` is one of `id-number`, `credit-code`, `division` or None.
    """

    name: str
    type: ItemType
    title_zh: str
    title_en: str
    sharing: Sharing
    required: bool = False
    unique: bool = False
    description: str = ""
    open_basis: str | None = None
    personal: bool = False
    filterable: bool = True
    not_filterable_because: str | None = None
    scale: int | None = None
    max_length: int | None = None
    values: tuple[str, ...] | None = None
    format: str | None = None

    @property
    def open(self) -> bool:
        return self.open_basis is not None


@dataclass(frozen=True, slots=True)
class Link:
    """One direction of a declared relation: from `item` of the owning dataset to `target_item` of `target`.

    A link is declared once, in the contract that holds the reference; the catalogue derives the other
    direction under the name `reverse`. `cardinality` counts the target's records met by one own record.
    """

    name: str
    item: str
    target: str
    target_item: str
    cardinality: Cardinality
    reverse: str
    reverse_cardinality: Cardinality


@dataclass(frozen=True, slots=True)
class Contract:
    """The versioned promise about one dataset: `dataset` is `<kind>.<name>`, `version` is `major.minor.patch`."""

    dataset: str
    version: str
    status: str
    title_zh: str
    title_en: str
    description: str
    legal_basis: str
    provider: str
    source_department: str
    format: str
    sharing_mode: str
    conditions_of_use: str
    update_frequency: str
    service_level: str
    retention: str
    grade: str
    sharing: Sharing
    key: tuple[str, ...]
    key_public: bool
    items: Mapping[str, Item]
    links: tuple[Link, ...]
    subjects: tuple[str, ...]
    division_item: str | None
    event_time_item: str | None
    partitions: int

    @property
    def kind(self) -> str:
        return self.dataset.partition(".")[0]

    @property
    def name(self) -> str:
        return self.dataset.partition(".")[2]

    @property
    def major(self) -> int:
        return int(self.version.partition(".")[0])

    @property
    def open_items(self) -> frozenset[str]:
        return frozenset(name for name, item in self.items.items() if item.open)

    def shares(self, name: str) -> bool:
        """Whether it has an item of that name, and does not withhold it."""
        item = self.items.get(name)
        return item is not None and item.sharing.sharing_class is not SharingClass.WITHHELD


#: Words that the query grammar keeps for itself: no item and no link may be called so.
RESERVED = frozenset("select order limit offset and or not cursor columns on_conflict sealed".split())

_FREE = Sharing(SharingClass.UNCONDITIONAL)

#: Items that every dataset has beside those of its contract; selectable, never part of `*`, never filtered.
SYSTEM_ITEMS: Mapping[str, Item] = {
    "record_id": Item("record_id", ItemType.STRING, "记录标识", "Record id", _FREE, filterable=False),
    "record_version": Item(
        "record_version", ItemType.STRING, "记录版本", "Epoch.version", _FREE, filterable=False
    ),
}
