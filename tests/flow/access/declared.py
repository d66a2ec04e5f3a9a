"""Datasets declared item by item with their classes of sharing: contract files, tables and mappings; for cases by hand
and for random ones."""

from collections.abc import Mapping as AbstractMapping
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from schemas.contracts.catalogue import Catalogue
from schemas.query.bound import Value
from services.engine.mapping.codecs import Amount, NativeDate, Text, Whole
from services.engine.mapping.model import Codec, Field, Mapping, PhysicalTable
from services.engine.node import Department
from tests import odcs
from tests.flow.federation.tables import SqliteTables, create

#: ODCS type, column and codec of each type of item.
_TYPES: AbstractMapping[str, tuple[str, str, Codec]] = {
    "text": ("string", "text", Text()),
    "whole": ("integer", "bigint", Whole(text=False)),
    "amount": ("number", "numeric(12,2)", Amount(2, text=False)),
    "day": ("date", "date", NativeDate()),
}
_SHARING: AbstractMapping[str, dict[str, Any]] = {
    "conditional": {"class": "conditional", "scope": "本市部门", "purpose": "核验"},
    "withheld": {"class": "withheld", "reason": "内部备注", "legalBasis": "个人信息保护法 第二十八条"},
}

#: A record's values by item.
Record = AbstractMapping[str, Value]


@dataclass(frozen=True)
class Item:
    """`shared` is open, unconditional, conditional or withheld; `type` a key of the types above."""

    shared: str
    type: str = "text"
    personal: bool = False
    filterable: bool = True

    @property
    def codec(self) -> Codec:
        return _TYPES[self.type][2]


@dataclass(frozen=True)
class Link:
    """From an item of one's own to another dataset's, to one record there and back to many."""

    name: str
    item: str
    target: str
    target_item: str
    reverse: str


@dataclass(frozen=True)
class Dataset:
    """One dataset, keyed by its first item."""

    dataset: str
    items: AbstractMapping[str, Item]
    links: Sequence[Link] = field(default=())
    subjects: Sequence[str] = field(default=())

    @property
    def kind(self) -> str:
        return self.dataset.partition(".")[0]

    @property
    def name(self) -> str:
        return self.dataset.partition(".")[2]

    @property
    def key(self) -> str:
        return next(iter(self.items))

    @property
    def key_public(self) -> bool:
        """A public key stands wherever anything of the record does."""
        key = self.items[self.key]
        opens = any(one.shared == "open" for one in self.items.values())
        return not key.personal and (key.shared == "open" or (key.shared == "unconditional" and not opens))

    @property
    def table(self) -> PhysicalTable:
        columns = {f"c_{name}": _TYPES[item.type][1] for name, item in self.items.items()}
        return PhysicalTable(f"t_{self.name}", columns, (f"c_{self.key}",))


def department(datasets: Sequence[Dataset]) -> Department:
    """The department that keeps these, which are of one kind."""

    def mappings(catalogue: Catalogue) -> tuple[Mapping, ...]:
        return tuple(
            Mapping(
                catalogue.contract(one.dataset),
                one.table,
                {name: Field(name, f"c_{name}", item.codec) for name, item in one.items.items()},
            )
            for one in datasets
        )

    return Department(datasets[0].kind, mappings)


async def make_tables(file: Path, records: AbstractMapping[str, Sequence[Record]], *kept: Dataset) -> str:
    """The datasets' tables in a new SQLite file with their records; its address."""
    tables = SqliteTables(file)
    await create(tables, [one.table for one in kept])
    await fill(file, records, *kept)
    return tables.url


async def fill(file: Path, records: AbstractMapping[str, Sequence[Record]], *kept: Dataset) -> None:
    """Replace what the tables hold."""
    await SqliteTables(file).fill(
        {
            one.table.name: [
                {f"c_{name}": item.codec.encode(record[name]) for name, item in one.items.items()}
                for record in records[one.dataset]
            ]
            for one in kept
        }
    )


def write_contracts(folder: Path, datasets: Sequence[Dataset]) -> None:
    """Their contracts as files under `folder`."""
    for one in datasets:
        odcs.write(folder, document(one))


def document(one: Dataset) -> dict[str, Any]:
    """Its contract as it travels."""
    return odcs.document(
        one.dataset,
        [odcs.item(name, _said(one, name, item)) for name, item in one.items.items()],
        [_link(one, link) for link in one.links],
        keyPublic=one.key_public,
        subjects=list(one.subjects),
    )


def _said(one: Dataset, name: str, item: Item) -> dict[str, Any]:
    said: dict[str, Any] = {"type": _TYPES[item.type][0], "personal": item.personal}
    if item.shared in _SHARING:
        said["sharing"] = _SHARING[item.shared]
    if item.shared == "open":
        said["open"] = "政府信息公开条例 第二十条"
    if item.type == "amount":
        said["scale"] = 2
    if not item.filterable:
        said["notFilterable"] = "自由文本，不作检索"
    return said | ({"key": 1} if name == one.key else {})


def _link(one: Dataset, link: Link) -> dict[str, Any]:
    to = f"{link.target}.{link.target_item}"
    return odcs.link(f"{one.name}.{link.item}", to, link.name, link.reverse)
