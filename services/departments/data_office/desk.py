"""How any matter is handled: read its steps, judge the next one, write what came of it; used by the desks of requests,
corrections and catalogue entries."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Generic

from schemas.law.calendar import WorkingDays
from schemas.law.sharing.steps import Party, Rule, Step, StepRefused
from schemas.query.bound import Value
from schemas.query.tree import Operator
from schemas.wire.problem import Problem
from services.departments.data_office.books import Books, Overtaken
from services.departments.data_office.clocks import Clocks
from services.departments.data_office.matters import K, Matter, Record
from services.departments.data_office.people import People
from services.departments.data_office.rules import Rules, S, by_itself, folded, party_of, retaken, taken
from services.engine.source.port import Once, SourceError

#: How often a step is judged anew when another process of this office was first.
_TRIES = 5
_log = logging.getLogger("langqiao.engine")


@dataclass(frozen=True)
class Outcome(Generic[K, S]):
    """What came of a step: how the matter stands, its record, and the steps that were taken."""

    matter_id: str
    standing: S
    record: Record
    steps: tuple[Step[K], ...]


@dataclass(slots=True)
class Desk:
    """One at a time, so that of two steps at the same moment each is judged by what the other left. `kept` counts what
    was written, for whoever answers by it. `_seen` are the last days whose passing is known to be recorded; whoever
    begins anew looks at each once more."""

    books: Books
    clocks: Clocks
    kept: int = 0
    _one_at_a_time: asyncio.Lock = field(default_factory=asyncio.Lock)
    _seen: set[tuple[Value, Value]] = field(default_factory=set)

    async def record(self, matter: Matter[K], matter_id: str) -> Record:
        """How a matter stands, as its record says it; Problem unknown-record."""
        # Not every database takes a NUL, be it only to say that it has none of that number.
        found = None if "\0" in matter_id else await self.books.one(matter, matter_id)
        if found is None:
            raise unknown_matter()
        return found

    async def late(self, matter: Matter[K], calendar: WorkingDays) -> list[Record]:
        """The matters whose last day is over, and those whose last day no calendar told when they were written and
        this one tells."""
        over = await self.books.found(matter.records, ("due_on", Operator.LT, self.clocks.today()))
        waiting = await self.books.found(matter.records, ("pending_calendar", Operator.GT, 0))
        return self.due(matter, [*over, *waiting], calendar)

    def due(self, matter: Matter[K], records: list[Record], calendar: WorkingDays) -> list[Record]:
        """Those of the records that `late` is about, and that this process has not looked at since that day passed."""
        today = self.clocks.today()
        return [
            one
            for one in records
            if (_is_over(one, today) and (one[matter.id_item], one["due_on"]) not in self._seen)
            or _is_told(one, calendar)
        ]

    async def go_on_each(
        self, matter: Matter[K], records: list[Record], rules: Callable[[Record], Rules[K, S]]
    ) -> None:
        """Take what falls due in each; what is wrong with one leaves the others as they are, and is tried again."""
        for one in records:
            try:
                await self.go_on(matter, one, rules(one))
            except SourceError:
                raise
            except Exception as fault:
                # The type and the number alone: a fault's text may hold what a step says.
                _log.error("%s could not be looked at: %s", one[matter.id_item], type(fault).__name__)

    def step(
        self,
        kind: K,
        people: People,
        rule: Rule[Any],
        parties: dict[Party, str],
        facts: Mapping[str, Any],
    ) -> Step[K]:
        """A member's step, taken now as the party that the member is. StepRefused wrong-party."""
        party = party_of(people.member, rule, parties)
        return Step(kind, self.clocks.civil(), party, people.member, people.officer, people.second, facts)

    async def begin(
        self,
        matter: Matter[K],
        rules: Callable[[str], Rules[K, S]],
        step: Callable[[Rules[K, S]], Step[K]],
        once: Once | None = None,
        *,
        allowed: Callable[[], Awaitable[None]],
    ) -> Outcome[K, S]:
        """The first step of a new matter, which gets an id; `allowed` refuses it by what else is open. StepRefused."""

        async def judged() -> Outcome[K, S]:
            await allowed()
            matter_id = await self.books.next_id(matter, self.clocks.today().year)
            mine = rules(matter_id)
            return await self._take(matter, matter_id, mine, [], step(mine), once)

        return await self._in_turn(judged)

    async def take(
        self,
        matter: Matter[K],
        matter_id: str,
        rules: Rules[K, S],
        step: Callable[[S | None], Step[K]],
        once: Once | None = None,
        *,
        first: bool = False,
    ) -> Outcome[K, S]:
        """The next step of a matter. StepRefused; Problem unknown-record unless it may be its `first`."""

        async def judged() -> Outcome[K, S]:
            before = await self.books.steps(matter, matter_id)
            if not before and not first:
                raise unknown_matter()
            return await self._take(matter, matter_id, rules, before, step(folded(rules, before)), once)

        return await self._in_turn(judged)

    async def again(
        self, matter: Matter[K], rules: Callable[[Record], Rules[K, S]], once: Once
    ) -> Outcome[K, S] | None:
        """What came of the step that was taken before under an idempotency key, whatever came later; None where none
        was. KeyReused."""
        given = await self.books.given(matter, once)
        if given is None:
            return None
        matter_id, number = given
        mine = rules(await self.record(matter, matter_id))
        steps = await self.books.steps(matter, matter_id)
        after, told = retaken(mine, steps[: number - 1], steps[number - 1 :])
        return Outcome(matter_id, after, mine.record(after), tuple(told))

    async def go_on(self, matter: Matter[K], record: Record, rules: Rules[K, S]) -> tuple[Step[K], ...]:
        """What the law takes by itself by now; the record is written anew where it says something else by now, for a
        calendar may tell its day."""
        matter_id = str(record[matter.id_item])
        async with self._one_at_a_time:
            before = await self.books.steps(matter, matter_id)
            standing = folded(rules, before)
            if standing is None:
                return ()
            after, steps = by_itself(rules, standing, self.clocks.civil())
            stands = rules.record(after)
            try:
                if steps or any(record[item] != value for item, value in stands.items()):
                    await self._keep(matter, matter_id, len(before), steps, stands)
            except Overtaken:
                # Another process took them, or a member a step: what is left falls due at the next look.
                return ()
            if _is_over(stands, self.clocks.today()):
                self._seen.add((matter_id, stands["due_on"]))
            return tuple(steps)

    async def _in_turn(self, judged: Callable[[], Awaitable[Outcome[K, S]]]) -> Outcome[K, S]:
        """One at a time; judged anew by what another process left, where one was first."""
        async with self._one_at_a_time:
            for _ in range(_TRIES):
                try:
                    return await judged()
                except Overtaken:
                    continue
        raise StepRefused("wrong-state", "another step was taken at the same moment")

    async def _take(
        self,
        matter: Matter[K],
        matter_id: str,
        rules: Rules[K, S],
        before: list[Step[K]],
        step: Step[K],
        once: Once | None,
    ) -> Outcome[K, S]:
        after, steps = taken(rules, folded(rules, before), step)
        record = rules.record(after)
        await self._keep(matter, matter_id, len(before), steps, record, once)
        return Outcome(matter_id, after, record, tuple(steps))

    async def _keep(
        self,
        matter: Matter[K],
        matter_id: str,
        before: int,
        steps: list[Step[K]],
        record: Record,
        once: Once | None = None,
    ) -> None:
        await self.books.keep(matter, matter_id, before, steps, record, self.clocks.security(), once)
        self.kept += 1


def _is_over(record: Record, today: date) -> bool:
    due = record["due_on"]
    return isinstance(due, date) and due < today


def _is_told(record: Record, calendar: WorkingDays) -> bool:
    year = record["pending_calendar"]
    return year is not None and calendar.knows(int(str(year)))


def unknown_matter() -> Problem:
    """What is said of a matter that there is not, and of one that is not to be shown."""
    return Problem("unknown-record", "The office handles nothing of that number.")
