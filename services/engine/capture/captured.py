"""What to capture, worked out from a department's mappings; read by attach, by status and by the relay."""

from collections.abc import Iterable
from dataclasses import dataclass

from services.engine.mapping.model import Mapping


@dataclass(frozen=True, slots=True)
class Captured:
    """A dataset as capture sees it: its table, its key columns in the contract's key order, its mapped columns."""

    dataset: str
    table: str
    key_columns: tuple[str, ...]
    columns: tuple[str, ...]


def captures(mappings: Iterable[Mapping]) -> tuple[Captured, ...]:
    """One for each dataset, with every column that one of its majors maps; ValueError when these differ in the key."""
    found: dict[str, Captured] = {}
    for mapping in sorted(mappings, key=lambda one: (one.contract.dataset, one.contract.major)):
        dataset, table = mapping.contract.dataset, mapping.table.name
        known = found.get(dataset) or Captured(dataset, table, mapping.key_columns, ())
        if (known.table, known.key_columns) != (table, mapping.key_columns):
            raise ValueError(f"the majors of {dataset} do not share one table and key")
        columns = (*known.columns, *(field.column for field in mapping.fields.values()))
        found[dataset] = Captured(dataset, table, known.key_columns, tuple(dict.fromkeys(columns)))
    return tuple(found.values())
