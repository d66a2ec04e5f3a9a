"""Random small contents of the county: every record twice, as the contract sees it and as a table spells it."""

from dataclasses import dataclass
from random import Random

from schemas.query.bound import Value
from services.engine.mapping.model import Stored
from tests.flow.federation.county import DATASETS, Dataset, places_of
from tests.flow.federation.spellings import Pool


@dataclass(frozen=True)
class Record:
    """One record: the contract's values by item, one stored spelling of each, and which node of its kind keeps it."""

    values: dict[str, Value]
    stored: dict[str, Stored]
    place: int = 0


#: All records of the county, by dataset.
Contents = dict[str, list[Record]]


_SIZES = (0, 4, 8, 12, 16, 20, 24)


def contents(number: int, sizes: tuple[int, ...] = _SIZES) -> Contents:
    """The contents of one number, the same every time; each dataset has one of the sizes, less a few double keys."""
    return {one.dataset: _dataset(one, number, sizes) for one in DATASETS.values()}


def _dataset(one: Dataset, number: int, sizes: tuple[int, ...]) -> list[Record]:
    size = Random(f"{number} {one.dataset}").choice(sizes)
    found: dict[tuple[Value, ...], Record] = {}
    for place in range(size):
        record = _record(one, Random(f"{number} {one.dataset} {place}"))
        found.setdefault(tuple(record.values[item] for item in one.key), record)
    return list(found.values())


def _record(one: Dataset, chance: Random) -> Record:
    drawn = {
        item: _drawn(spelling.present() if item in one.key else spelling.pool, chance)
        for item, spelling in one.items.items()
    }
    return Record(
        {item: value for item, (value, _) in drawn.items()},
        {item: way for item, (_, way) in drawn.items()},
        chance.randrange(len(places_of(one.kind))),
    )


def _drawn(pool: Pool, chance: Random) -> tuple[Value, Stored]:
    value, ways = chance.choice(pool)
    return value, chance.choice(ways)
