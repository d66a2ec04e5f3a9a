"""The legal clocks that run: what has to be done by which day, by which article and by whom; told by `deadlines_route`,
counted by `alarms`."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any

from schemas.law.calendar import PendingCalendar, WorkingDays
from schemas.law.sharing.correction import folded
from schemas.law.sharing.limits import LIMITS, Clock
from schemas.law.sharing.request_rules import State, StepKind
from schemas.law.sharing.steps import Party
from schemas.query.tree import Operator
from services.departments.data_office.books import Books
from services.departments.data_office.clocks import Clocks
from services.departments.data_office.matters import CORRECTIONS, ENTRIES, REQUESTS, Matter, Record
from services.departments.data_office.requests import judge

_ASKED = StepKind.EXTENSION_ASKED.value
MATTERS: tuple[Matter[Any], ...] = (REQUESTS, CORRECTIONS, ENTRIES)
#: What of a correction request is told to whoever has to acknowledge it.
MENDED = ("item", "record", "corrected_version")


class Stands(StrEnum):
    """How a clock stands on a day."""

    OVERDUE = "overdue"
    DUE = "due"
    PENDING = "pending calendar"


@dataclass(frozen=True, slots=True)
class Deadline:
    """One clock of one matter. `members` have to act, or their `systems`; `stands` is as of the day of asking; `asked`
    are the working days by which it was asked to be put off."""

    matter: Matter[Any]
    record: Record
    clock: Clock
    stands: Stands
    members: tuple[str, ...]
    systems: tuple[str, ...] = ()
    asked: int | None = None

    @property
    def mended(self) -> dict[str, Any]:
        """What the systems that were told have to mend: the item of a record, and the version that is right."""
        if self.clock is not Clock.ACKNOWLEDGE:
            return {}
        return {name: self.record[name] for name in MENDED}

    @property
    def matter_id(self) -> str:
        return str(self.record[self.matter.id_item])

    def concerns(self, member: str) -> bool:
        """Whether a member has to act, or waits for whoever has to."""
        asked = (self.record.get(name) for name in ("provider", "requester", "filed_by"))
        return member in self.members or member in asked

    def told(self, member: str | None) -> dict[str, Any]:
        """It as JSON; of systems those of that member, None: all. Whose systems have to mend something is told what."""
        due = self.record["due_on"]
        systems = [one for one in self.systems if member in (None, _member(one))]
        return {
            "matter": self.matter.records,
            "id": self.matter_id,
            "dataset": self.record["dataset"],
            "clock": self.clock.value,
            "article": LIMITS[self.clock].article,
            "stands": self.stands.value,
            "due_on": str(due) if due is not None else None,
            "pending_calendar": self.record["pending_calendar"],
            "members": list(self.members),
            "systems": systems,
            **(self.mended if systems else {}),
            **({} if self.asked is None else {"working_days": self.asked}),
        }


@dataclass(frozen=True, slots=True)
class Deadlines:
    """`office` is the authority. What stands in a record is enough, but for the systems that a correction waits for."""

    books: Books
    clocks: Clocks
    calendar: WorkingDays
    office: str

    async def within(self, working_days: int) -> list[Deadline]:
        """What is over, and what is due by the end of that many working days (0: today), the oldest first, then what
        no calendar tells. Where the calendar ends before, everything that has a day."""
        today = self.clocks.today()
        until = self.calendar.due(today, working_days) if working_days else today
        last = date.max if isinstance(until, PendingCalendar) else until
        found = [one for matter in MATTERS for one in await self._of(matter, last)]
        return sorted(found, key=lambda one: (str(one.record["due_on"] or date.max), one.matter_id))

    async def asked(self) -> list[Deadline]:
        """The requests whose provider has asked for more time, with the days that are asked for, whenever they are due:
        the authority grants them while the last day is not over, or lets it pass."""
        open_ = await self.books.found(REQUESTS.records, ("state", Operator.EQ, State.RECEIVED.value))
        ids, kinds = tuple(str(one["request_id"]) for one in open_), (_ASKED, StepKind.EXTENDED.value)
        if not ids:
            return []
        steps = await self.books.found(
            REQUESTS.steps, ("request_id", Operator.IN, ids), ("kind", Operator.IN, kinds)
        )
        last = {one["request_id"]: one for one in steps}
        found = [
            Deadline(
                REQUESTS,
                one,
                Clock(str(one["clock"])),
                self._stands(one),
                (self.office,),
                asked=int(str(last[one["request_id"]]["working_days"])),
            )
            for one in open_
            if one["request_id"] in last and last[one["request_id"]]["kind"] == _ASKED
        ]
        return [one for one in found if one.stands is not Stands.OVERDUE]

    async def _of(self, matter: Matter[Any], last: date) -> list[Deadline]:
        near = await self.books.found(matter.records, ("due_on", Operator.LTE, last))
        pending = await self.books.found(matter.records, ("pending_calendar", Operator.GT, 0))
        return [await self._deadline(matter, one) for one in (*near, *pending)]

    async def _deadline(self, matter: Matter[Any], record: Record) -> Deadline:
        clock = Clock(str(record["clock"]))
        stands = self._stands(record)
        if clock is Clock.ACKNOWLEDGE:
            steps = await self.books.steps(CORRECTIONS, str(record["correction_id"]))
            correction = folded(steps)
            systems = tuple(sorted(correction.open_at)) if correction is not None else ()
            return Deadline(matter, record, clock, stands, _members(systems), systems)
        return Deadline(matter, record, clock, stands, (self._acts(clock, record),))

    def _stands(self, record: Record) -> Stands:
        due = record["due_on"]
        if not isinstance(due, date):
            return Stands.PENDING
        return Stands.OVERDUE if due < self.clocks.today() else Stands.DUE

    def _acts(self, clock: Clock, record: Record) -> str:
        if clock is Clock.DECIDE:
            return judge(str(record["requester"]), str(record["provider"]), self.office)
        match LIMITS[clock].by:
            case Party.PROVIDER:
                return str(record["provider"])
            case Party.REQUESTER:
                return str(record["requester"])
        return self.office


def _members(systems: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted({_member(one) for one in systems}))


def _member(system: str) -> str:
    return system.partition("/")[0]
