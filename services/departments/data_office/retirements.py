"""The majors of a department that end, as the office tells its node: from the entries and the notices of them; asked by
`granting`, and by the desk of corrections."""

from collections.abc import Mapping
from datetime import date, datetime

from schemas.contracts.catalogue import Catalogue
from schemas.contracts.model import Contract
from schemas.law.sharing.entry_rules import EntryState, EntryStep
from schemas.query.tree import Operator
from schemas.trust import retiring
from schemas.trust.retiring import Retirement
from services.departments.data_office.books import Books
from services.departments.data_office.matters import ENTRIES, Record


async def retirements(books: Books, provider: str) -> list[Retirement]:
    """Those of a department's majors whose users were told a day, by dataset and major."""
    kept = await books.found(ENTRIES.records, ("provider", Operator.EQ, provider))
    ending = [one for one in kept if one["ends_on"] is not None]
    if not ending:
        return []
    notices = await books.found(
        ENTRIES.steps,
        ("entry_id", Operator.IN, tuple(str(one["entry_id"]) for one in ending)),
        ("kind", Operator.EQ, EntryStep.RETIREMENT_NOTICED.value),
    )
    noticed = {str(one["entry_id"]): _moment(one) for one in notices}
    return _by_major([_retirement(one, noticed) for one in ending])


async def by_which(
    books: Books, contracts: Catalogue, provider: str, dataset: str, item: str, now: datetime
) -> Contract:
    """The contract by which a department answers and tells of an item now: of the lowest major that shares it and has
    not ended; where there is none, of the lowest that shares it, or of the lowest of all. Problem unknown-dataset."""
    ending = {(one.dataset, one.major): one for one in await retirements(books, provider)}
    ended = retiring.over(ending, now)
    known = contracts.every(dataset)
    left = [one for one in known if (dataset, one.major) not in ended]
    return next((one for one in (*left, *known) if one.shares(item)), known[0])


def _retirement(entry: Record, noticed: Mapping[str, datetime]) -> Retirement:
    ends = entry["ends_on"]
    assert isinstance(ends, date)
    over = entry["state"] == EntryState.RETIRED.value
    said = noticed[str(entry["entry_id"])]
    return Retirement(
        str(entry["dataset"]), int(str(entry["major"])), said, ends, over, str(entry["provider"])
    )


def _by_major(found: list[Retirement]) -> list[Retirement]:
    """One for each major: of several versions the first notice and day count, and one that is over ends all."""
    majors: dict[tuple[str, int], list[Retirement]] = {}
    for one in found:
        majors.setdefault((one.dataset, one.major), []).append(one)
    return [
        Retirement(
            dataset,
            major,
            min(one.noticed for one in of_it),
            min(one.ends for one in of_it),
            any(one.over for one in of_it),
            of_it[0].provider,
        )
        for (dataset, major), of_it in sorted(majors.items())
    ]


def _moment(step: Record) -> datetime:
    """When it was recorded, by security time: a demo may have moved the day on which it was taken."""
    at = step["recorded_at"]
    assert isinstance(at, datetime)
    return at
