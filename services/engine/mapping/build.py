"""Mappings put together and checked: contract, table and columns must fit; called by departments' mapping modules.

Everything that can be wrong is said at once, when the service starts: a mapping that is built is whole.
"""

import re
from collections import Counter
from collections.abc import Iterator
from collections.abc import Mapping as AbstractMapping

from schemas.contracts.model import Contract, Item, ItemType
from services.engine.mapping import codecs
from services.engine.mapping.model import Codec, Field, Mapping, PhysicalTable

_NUMERIC = re.compile(r"numeric\((\d+),(\d+)\)")
_PLAIN = frozenset({"text", "integer", "bigint", "boolean", "date", "timestamp"})
_READS = {
    codecs.Text: ItemType.STRING,
    codecs.Upper: ItemType.STRING,
    codecs.Coded: ItemType.STRING,
    codecs.Flag: ItemType.BOOLEAN,
    codecs.Whole: ItemType.INTEGER,
    codecs.Amount: ItemType.DECIMAL,
    codecs.LooseDate: ItemType.DATE,
    codecs.NativeDate: ItemType.DATE,
    codecs.TextTimestamp: ItemType.TIMESTAMP,
    codecs.NativeTimestamp: ItemType.TIMESTAMP,
}


def table(
    name: str,
    *,
    key: str,
    text: str,
    indexes: tuple[str, ...] = (),
    typed: AbstractMapping[str, str] | None = None,
) -> PhysicalTable:
    """A table whose columns are mostly text: names are separated by spaces, also in `key` and in each of `indexes`."""
    return PhysicalTable(
        name=name,
        columns={**dict.fromkeys(text.split(), "text"), **(typed or {})},
        key=tuple(key.split()),
        indexes=tuple(tuple(one.split()) for one in indexes),
    )


def mapping(
    contract: Contract, table: PhysicalTable, fields: AbstractMapping[str, tuple[str, Codec]]
) -> Mapping:
    """The mapping of `{item: (column, codec)}`; raises ValueError naming every item or column that does not fit."""
    faults = [*_table_faults(table), *_name_faults(contract, table, fields)]
    for name, (column, codec) in fields.items():
        if name in contract.items and column in table.columns:
            faults += [
                f"item {name}: {reason}"
                for reason in _codec_faults(contract.items[name], table.columns[column], codec)
            ]
    if faults:
        raise ValueError("\n".join(f"{contract.dataset} v{contract.major}: {fault}" for fault in faults))
    return Mapping(
        contract=contract,
        table=table,
        fields={name: Field(name, *fields[name]) for name in contract.items},
    )


def _table_faults(table: PhysicalTable) -> Iterator[str]:
    for column, kind in table.columns.items():
        if kind not in _PLAIN and not _NUMERIC.fullmatch(kind):
            yield f"column {column} of {table.name} has a type that is not known here: {kind}"
    for column in {*table.key, *(column for index in table.indexes for column in index)}:
        if column not in table.columns:
            yield f"{table.name} has a key or an index over {column}, which is no column of it"


def _name_faults(
    contract: Contract, table: PhysicalTable, fields: AbstractMapping[str, tuple[str, Codec]]
) -> Iterator[str]:
    for name in sorted(contract.items.keys() - fields.keys()):
        yield f"item {name} is not mapped"
    for name in sorted(fields.keys() - contract.items.keys()):
        yield f"item {name} is mapped, but not in the contract"
    for name, (column, _) in fields.items():
        if column not in table.columns:
            yield f"item {name}: {table.name} has no column {column}"
    for column, count in Counter(column for column, _ in fields.values()).items():
        if count > 1:
            yield f"column {column} holds {count} items; a write could not serve both"
    key = {fields[name][0] for name in contract.key if name in fields}
    if key != set(table.key):
        yield f"the key's items are not the key columns of {table.name}"


def _codec_faults(item: Item, column: str, codec: Codec) -> Iterator[str]:
    """Nothing for a codec of a department's own: it must know what it does."""
    reads = _READS.get(type(codec))
    if reads is not None and reads is not item.type:
        yield f"{type(codec).__name__} reads as {reads}, the item is {item.type}"
    if reads is not None and not _holds(column, codec):
        yield f"{type(codec).__name__} does not read a column of {column}"
    if isinstance(codec, codecs.Coded) and set(codec.codes.values()) != set(item.values or ()):
        yield "the code table and the contract's list of values differ"
    if isinstance(codec, codecs.Amount) and codec.scale != item.scale:
        yield f"the codec's scale is {codec.scale}, the contract's {item.scale}"


def _holds(column: str, codec: Codec) -> bool:
    """Whether such a column can hold what the codec writes."""
    match codec:
        case codecs.Amount(scale=scale, text=False):
            numeric = _NUMERIC.fullmatch(column)
            return int(numeric[2]) <= scale if numeric else column in ("integer", "bigint")
        case codecs.Whole(text=False):
            return column in ("integer", "bigint")
        case codecs.Coded(codes=codes):
            return {_column_of(code) for code in codes} <= _alike(column)
        case codecs.Flag(true=true, false=false):
            return {_column_of(code) for code in (*true, *false)} <= _alike(column)
        case codecs.NativeDate():
            return column == "date"
        case codecs.NativeTimestamp():
            return column == "timestamp"
        case _:
            return column == "text"


def _column_of(code: object) -> str:
    return "text" if isinstance(code, str) else "boolean" if isinstance(code, bool) else "integer"


def _alike(column: str) -> set[str]:
    return {"integer"} if column == "bigint" else {column}
