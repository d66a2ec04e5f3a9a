"""The office's records in its own database: matters found, their steps read in order, and a step written together with
how its matter stands then, in one transaction; used by `office`."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from schemas.contracts.catalogue import Catalogue
from schemas.contracts.model import Contract
from schemas.law.sharing.steps import Step
from schemas.query.bound import BoundColumn, BoundCondition, BoundOrder, BoundQuery, Value
from schemas.query.tree import Operator
from services.departments.data_office.matters import K, Matter, Record, step_of, step_record
from services.engine.source.port import Changing, Creation, Once, RecordExists, RecordSource, WriteRefused

_PAGE = 500


class Overtaken(Exception):
    """Somebody else wrote the next step of this matter, or under this id or this key, meanwhile."""


@dataclass(frozen=True, slots=True)
class Books:
    """`source` keeps the records of the office's own `catalogue`."""

    source: RecordSource
    catalogue: Catalogue

    async def found(
        self, dataset: str, *conditions: tuple[str, Operator, Value | tuple[Value, ...]]
    ) -> list[Record]:
        """The records that meet all conditions (item, operator, value), in the order of their keys."""
        return await self._all(self._question(dataset, conditions))

    async def count(self, dataset: str, *conditions: tuple[str, Operator, Value | tuple[Value, ...]]) -> int:
        """How many records meet all conditions."""
        return await self.source.count(self._question(dataset, conditions))

    async def one(self, matter: Matter[K], matter_id: str) -> Record | None:
        """How a matter stands, as its record says it."""
        found = await self.found(matter.records, (matter.id_item, Operator.EQ, matter_id))
        return found[0] if found else None

    async def steps(self, matter: Matter[K], matter_id: str) -> list[Step[K]]:
        """Every step of a matter, in order."""
        listed = await self.found(matter.steps, (matter.id_item, Operator.EQ, matter_id))
        return [step_of(matter, one) for one in listed]

    async def given(self, matter: Matter[K], once: Once) -> tuple[str, int] | None:
        """The matter, and the number of its step, that a call took before under this key. KeyReused."""
        written = await self.source.given(matter.steps, once)
        if written is None:
            return None
        [(step_id,)] = (await self.source.keys(matter.steps, [written.record_id])).values()
        matter_id, _, number = str(step_id).rpartition(".")
        return matter_id, int(number)

    async def next_id(self, matter: Matter[K], year: int) -> str:
        """An id such as R-2026-000017 that no matter bears yet."""
        contract = self.catalogue.contract(matter.records)
        item, front = contract.items[matter.id_item], f"{matter.letter}-{year}-"
        question = BoundQuery(
            contract,
            (BoundColumn(item.name, item),),
            where=(BoundCondition(item, Operator.LIKE, f"{front}%"),),
            order=(BoundOrder(item, descending=True, nulls_first=False),),
        )
        page = await self.source.page(question, limit=1)
        last = int(str(page.rows[0][0]).removeprefix(front)) if page.rows else 0
        return f"{front}{last + 1:06d}"

    async def keep(
        self,
        matter: Matter[K],
        matter_id: str,
        before: int,
        steps: Sequence[Step[K]],
        stands: Record,
        recorded_at: datetime,
        once: Once | None = None,
    ) -> None:
        """Write steps that come after `before` others, and how the matter stands then; `once` is kept with the first of
        them. Overtaken."""
        counted: dict[str, Value] = {**stands, "steps": before + len(steps)}
        counted |= {matter.stamped[one.kind]: recorded_at for one in steps if one.kind in matter.stamped}
        if steps:
            counted["changed_at"] = steps[-1].at
        about: Creation | Changing
        if before:
            about = Changing(matter.records, 1, (matter_id,), counted)
        else:
            about = Creation(matter.records, 1, {matter.id_item: matter_id, **counted})
        records = (
            step_record(matter, matter_id, before + number, step, recorded_at)
            for number, step in enumerate(steps, start=1)
        )
        try:
            await self.source.together([*(Creation(matter.steps, 1, one) for one in records), about], once)
        except (RecordExists, WriteRefused) as fault:
            if isinstance(fault, WriteRefused) and fault.items:
                raise
            raise Overtaken from None

    def _question(
        self, dataset: str, conditions: Sequence[tuple[str, Operator, Value | tuple[Value, ...]]]
    ) -> BoundQuery:
        contract = self.catalogue.contract(dataset)
        where = tuple(BoundCondition(contract.items[item], how, value) for item, how, value in conditions)
        return BoundQuery(contract, _columns(contract), where=where)

    async def _all(self, question: BoundQuery) -> list[Record]:
        names = [one.name for one in question.columns]
        rows: list[Record] = []
        page = await self.source.page(question, limit=_PAGE)
        while True:
            rows += [dict(zip(names, row, strict=True)) for row in page.rows]
            if page.last is None:
                return rows
            page = await self.source.page(question, limit=_PAGE, after=page.last)


def _columns(contract: Contract) -> tuple[BoundColumn, ...]:
    return tuple(BoundColumn(name, item) for name, item in contract.items.items())
