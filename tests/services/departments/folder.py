"""What a department's folder says, read once for all tests of the departments, an eighth one's included."""

from collections.abc import Mapping as AbstractMapping
from functools import cache

from schemas.contracts.catalogue import Catalogue
from schemas.contracts.load import load_kind
from schemas.contracts.model import Contract
from schemas.query.bound import Value
from services.departments import kinds, load
from services.engine.mapping.model import Mapping, Stored
from services.engine.synthetic.population import Size

KINDS = kinds()
#: Large enough for every oddity to occur, small enough for a blink.
SIZE = Size(enterprises=120, residents=300)

Row = AbstractMapping[str, Stored]
Record = AbstractMapping[str, Value]


@cache
def contracts(kind: str) -> tuple[Contract, ...]:
    """The department's contracts, all majors."""
    return load_kind(kind)


@cache
def mappings(kind: str) -> tuple[Mapping, ...]:
    """The department's mappings over its contracts."""
    made: tuple[Mapping, ...] = load(kind, "mapping").mappings(Catalogue(contracts(kind)))
    return made


@cache
def rows(kind: str) -> tuple[tuple[str, Row], ...]:
    """Every synthetic row, with its table's name."""
    return tuple(load(kind, "seed").rows(SIZE))


def rows_of(kind: str, table: str) -> list[Row]:
    return [row for name, row in rows(kind) if name == table]


def read(one: Mapping, row: Row) -> Record:
    """A row as its contract shows it."""
    return {field.item: field.codec.decode(row.get(field.column)) for field in one.fields.values()}


@cache
def records() -> AbstractMapping[tuple[str, int], tuple[Record, ...]]:
    """Every record of every department, by dataset and major."""
    return {
        (one.contract.dataset, one.contract.major): tuple(
            read(one, row) for row in rows_of(kind, one.table.name)
        )
        for kind in KINDS
        for one in mappings(kind)
    }
