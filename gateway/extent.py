"""How large an answer is once it is written: each record as often as it stands in it; used by `run`, `lookup`, `one`.

Records that many rows meet are fetched once and held once, but written each time. A link followed back and forth
multiplies them at every step, so what was fetched says nothing of what would be sent.
"""

from collections.abc import Sequence

from gateway.judging import Row
from gateway.plan import Level


def extent(level: Level, rows: Sequence[Row]) -> int:
    """How many records completed rows of a level show, those embedded in them included."""
    return _extent(level, rows, {})


def _extent(level: Level, rows: Sequence[Row], known: dict[int, int]) -> int:
    """`known` holds what was counted, by identity: what many rows share is counted once, however often it is shown."""
    below = sum(_met(join.level, row[join.name], known) for join in level.joins for row in rows)
    return len(rows) + below


def _met(level: Level, met: Row | list[Row] | None, known: dict[int, int]) -> int:
    if not met:
        return 0
    if id(met) not in known:
        known[id(met)] = _extent(level, met if isinstance(met, list) else [met], known)
    return known[id(met)]
