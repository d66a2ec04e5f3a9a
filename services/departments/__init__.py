"""The departments: one folder a kind, found by name; a new one needs no edit outside its own folder."""

from importlib import import_module
from pathlib import Path
from types import ModuleType


def kinds() -> tuple[str, ...]:
    """The kinds that have a folder here."""
    return tuple(sorted(one.parent.name for one in Path(__file__).parent.glob("*/app.py")))


def load(kind: str, part: str) -> ModuleType:
    """One module of a department: `app`, `mapping` or `seed`. LookupError when there is no such kind."""
    if kind not in kinds():
        raise LookupError(f"there is no department {kind}; there are: {', '.join(kinds())}")
    return import_module(f"{__name__}.{kind}.{part}")
