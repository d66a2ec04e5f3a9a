"""One run: writers at work, one relay after another, the troubles, a last relay in peace, and what is wrong then."""

import asyncio
import signal
from dataclasses import dataclass, field
from pathlib import Path

from services.cli.world.processes import Child
from services.engine.relay.feeds import feeds_of
from services.engine.settings import Settings
from tests import workshop
from tests.crash import findings, ledger, processes, relay_process, standing, subscriber, writers
from tests.crash.findings import Known
from tests.crash.going_back import Past
from tests.crash.ground import Ground, World, put_in_place
from tests.crash.persons import let_go
from tests.crash.points import BEGUN, Deed, Trap
from tests.crash.relay_process import RelayPlan
from tests.crash.scenario import Life, Scenario
from tests.crash.subscriber import SubscriberPlan
from tests.crash.troubles import free_lease, happen, takes_writes, until_reached
from tests.crash.writers import WriterPlan
from tests.stores import Store, drained, opened
from tests.waiting import until

_PATIENCE = 120.0
#: How long nothing may be sent, and how long a relay may take to end: a loaded machine needs it.
_STANDSTILL, _GRACE = 60.0, 30.0
#: How long a topic may be not as it should although all is sent: as long as it takes to look twice what the broker has.
_SETTLING = 6.0


@dataclass
class Result:
    """What was wrong, and what happened: one line for each trap that sprang."""

    found: list[str] = field(default_factory=list)
    happened: list[str] = field(default_factory=list)


@dataclass
class Run:
    """One run on the ground, with a bug or without."""

    ground: Ground
    world: World
    scenario: Scenario
    bug: str
    result: Result = field(default_factory=Result)
    children: list[Child] = field(default_factory=list)
    follower: Child | None = None
    #: How many have begun to live.
    relays: int = 0
    #: Those who are at work; the successors of some that were ended have other numbers.
    writing: list[Child] = field(default_factory=list)
    generation: int = 0
    past: Past | None = None
    copied: ledger.Entries = field(default_factory=dict)

    async def go(self) -> None:
        self._begin_writing()
        for number, life in enumerate(self.scenario.lives):
            await self._go_back(number)
            await self._renew(number)
            self._follow(f"subscriber-{number}", self.scenario.following[number])
            await self._live(number, life)
        await self._go_back(len(self.scenario.lives))
        await self._renew(len(self.scenario.lives))
        self._follow("subscriber-last", None)
        await until_reached(self.world.url)
        async with opened(self.world.url) as store:
            last = await self._last()
            try:
                await until(lambda: not any(one.alive for one in self.writing), _PATIENCE, "all writers end")
                await self._until_told(store, last)
                self.result.found += await self._settled(store)
                last.process.send_signal(signal.SIGTERM)
                await until(lambda: not last.alive, _GRACE, "the last relay ends when it is told to")
            except AssertionError as late:
                self.result.found.append(f"{late}: {last.last_words(3)}")
            self._note_ends(last)

    async def _go_back(self, number: int) -> None:
        """Before the relay of this number, where a copy is made of the database, or put back in its place."""
        if number not in (self.scenario.goes_back or ()):
            return
        for one in self.writing:
            one.kill()
            if said := processes.sprung(one):
                self.result.happened.append(said)
        await until_reached(self.world.url)
        entries = await ledger.all_entries(self.world.url)
        if self.scenario.goes_back[0] == number:
            self.copied = entries
            await self.ground.keep_copy(self.world)
        else:
            self.past = Past(entries, self.copied)
            await self.ground.put_copy_back(self.world)
            await free_lease(self.world.url)
        self._begin_writing()

    async def _renew(self, number: int) -> None:
        """The department's service starts with the new contracts, where it does before the relay of this number."""
        if self.scenario.renewed == number:
            await until_reached(self.world.url)
            async with self.ground.laying:
                await put_in_place(self.world.url, self.scenario.outbox_limit, before=False)

    async def _last(self) -> Child:
        """The relay that lives in peace; in a rolling restart once the one before has ended as it was told to."""
        if not self.scenario.rolling:
            return self._relay("last")
        outgoing = self._relay("outgoing", formerly=True)
        await _lasting(_GRACE, lambda: not outgoing.alive or processes.said(outgoing, BEGUN))
        last = self._relay("last")
        await _lasting(self.scenario.lives[-1].seconds, lambda: not outgoing.alive)
        outgoing.process.send_signal(signal.SIGTERM)
        await until(lambda: not outgoing.alive, _GRACE, "a relay ends when it is told to")
        if outgoing.process.returncode:
            self.result.found.append(f"the outgoing relay did not end well: {outgoing.last_words(5)}")
        return last

    async def _live(self, number: int, life: Life) -> None:
        relay = self._relay(f"relay-{number}", life.trap, formerly=life.formerly)
        other = self._relay(f"beside-{number}", formerly=not life.formerly) if life.beside else None
        both = [relay] if other is None else [relay, other]
        await _lasting(
            _PATIENCE, lambda: not _at_work(relay) or any(processes.said(one, BEGUN) for one in both)
        )
        trouble = asyncio.create_task(happen(life.trouble, self._settings, self.ground, life.seconds / 2))
        await _lasting(life.seconds, lambda: not _at_work(relay))
        if life.trap.deed is Deed.FREEZE and processes.stopped(relay):
            await self._be_overtaken(number, life, relay, other)
        relay.kill()
        self.result.found += await trouble
        if said := processes.sprung(relay):
            self.result.happened.append(said)
        if not life.patience:
            await free_lease(self.world.url)
        if other is not None:
            await _lasting(_GRACE, lambda: not other.alive or processes.said(other, BEGUN))
            await _lasting(life.seconds / 2, lambda: not other.alive)
            other.kill()

    async def _be_overtaken(self, number: int, life: Life, frozen: Child, other: Child | None) -> None:
        """Another relay works while the first one stands still; then both think that they are the one. It may have
        waited beside it."""
        if not await takes_writes(self.world.url):
            # It stopped in the middle of a transaction: till that ends nobody else can do anything.
            processes.resume(frozen)
            return
        if not life.patience:
            await free_lease(self.world.url)
        heir = other or self._relay(f"heir-{number}")
        await _lasting(_PATIENCE, lambda: not heir.alive or processes.said(heir, BEGUN))
        await _lasting(life.seconds, lambda: not heir.alive)
        processes.resume(frozen)
        await _lasting(life.seconds, lambda: not frozen.alive)
        heir.kill()

    async def _until_told(self, store: Store, last: Child) -> None:
        """All is sent, and what waits for a person has been let go."""
        if self.scenario.renewed is not None:
            # What is due of itself begins soon, or is found to be lacking.
            await _lasting(_STANDSTILL, lambda: not last.alive or processes.said(last, BEGUN))
            await _lasting(_SETTLING, lambda: standing.no_walk_is_due(store, self._settings))

        async def nothing_waits() -> bool:
            await self._until_sent(store, last)
            self.result.found += await findings.told_too_early(store, self.ground.broker(), self._settings)
            await let_go(self.world.url)
            return await drained(store) and not await standing.set_aside(store)

        await until(nothing_waits, _PATIENCE, "no delete waits")

    async def _until_sent(self, store: Store, last: Child) -> None:
        """However long it takes, as long as it goes on."""
        while not await drained(store):
            before = await standing.left(store)

            async def moved() -> bool:
                assert last.alive, "the last relay has ended"
                return await drained(store) or await standing.left(store) != before  # noqa: B023

            await until(moved, _STANDSTILL, "what is to be sent grows less")

    async def _settled(self, store: Store) -> list[str]:
        """What is wrong and stays wrong."""
        promises = ledger.promised(sorted(self.world.folder.glob("*.promises")))
        known = Known(promises, self.scenario, self._subscribed, self._copy, self.relays, self.past)
        last: list[str] = []

        async def right() -> bool:
            last[:] = await findings.find(store, self.ground.broker(), self._settings, known)
            return not last

        while True:
            try:
                await until(right, _SETTLING)
                return []
            except AssertionError:
                if not await standing.wished(store):
                    return last
            # What the outbox no longer undoes, the relay compares and mends.
            await until(lambda: standing.nothing_wished(store), _STANDSTILL, "tables and topics are compared")

    def _note_ends(self, last: Child) -> None:
        for one in self.writing:
            if said := processes.sprung(one):
                self.result.happened.append(said)
            elif one.process.returncode:
                self.result.found.append(f"{one.name} failed: {one.last_words(5)}")
        if last.process.returncode:
            self.result.found.append(f"the last relay did not end well: {last.last_words(5)}")

    def _begin_writing(self) -> None:
        count = len(self.scenario.writers)
        self.writing = [self._writer(place, self.generation * count + place) for place in range(count)]
        self.generation += 1

    def _writer(self, place: int, number: int) -> Child:
        seed, trap = self.scenario.writers[place]
        promises = self.world.folder / f"writer-{number}.promises"
        scenario = self.scenario
        many = scenario.transactions if scenario.goes_back is None else scenario.transactions // 2
        plan = WriterPlan(number, seed + number, self.world.url, promises, many, scenario.pause, trap)
        return self._start(f"writer-{number}", writers.run, plan)

    def _follow(self, name: str, trap: Trap | None) -> None:
        """The subscriber's next life: if it lives still, it is killed wherever it is."""
        if self.follower is not None:
            self.follower.kill()
            if said := processes.sprung(self.follower):
                self.result.happened.append(said)
        plan = SubscriberPlan(self._subscribed, self.ground.broker().settings, self._copy, trap)
        self.follower = self._start(name, subscriber.run, plan)

    @property
    def _copy(self) -> Path:
        return self.world.folder / "copy.sqlite"

    @property
    def _subscribed(self) -> str:
        feeds = feeds_of(workshop.MAPPINGS, self._settings, workshop.SECRET)
        topics = [one.topic for feed in feeds for major in feed.majors for one in major.channels]
        return topics[self.scenario.subscribed % len(topics)]

    @property
    def _settings(self) -> Settings:
        return self._plan("").settings

    def _relay(self, name: str, trap: Trap | None = None, *, formerly: bool = False) -> Child:
        self.relays += 1
        return self._start(name, relay_process.run, self._plan(name, trap, formerly=formerly))

    def _plan(self, name: str, trap: Trap | None = None, *, formerly: bool = False) -> RelayPlan:
        return RelayPlan(
            name=name,
            database_url=self.world.url,
            broker=self.ground.broker().settings,
            environment=self.world.environment,
            trap=trap,
            bug=self.bug,
            formerly=formerly,
            batch=self.scenario.batch,
            outbox_limit=self.scenario.outbox_limit,
            outbox_keep_seconds=self.scenario.keep_seconds,
            settle_ms=self.scenario.settle_ms,
            hold_deletes=self.scenario.hold_deletes,
        )

    def _start(self, name: str, work: "processes.Work", plan: object) -> Child:
        child = processes.start(name, work, plan, self.world.folder)
        self.children.append(child)
        return child


async def perform(ground: Ground, scenario: Scenario, bug: str = "") -> Result:
    """One run from its start to its end; whatever comes of it, its processes are gone."""
    run = Run(ground, await ground.world(scenario), scenario, bug)
    try:
        await run.go()
    finally:
        for one in run.children:
            one.kill()
        await ground.forget(run.world)
    return run.result


def _at_work(child: Child) -> bool:
    return child.alive and not processes.stopped(child)


async def _lasting(seconds: float, over: "processes.Condition | standing.Condition") -> None:
    """Until it is over, or the time is."""
    try:
        await until(over, seconds)
    except AssertionError:
        return
