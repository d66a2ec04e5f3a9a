"""Checkpoints: signed while the log grows, held by two others, and never in a caller's way."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic

import pytest

from schemas.trust.chain import check, hold
from schemas.trust.signed import DocumentRefused
from schemas.trust.statements import Checkpoint, Countersigned, read_checkpoint, read_countersigned
from services.engine.log.access_log import AccessLog
from services.engine.log.appender import appending
from services.engine.log.checkpoints import FILE, Ask, Checkpoints, Contradicted, WitnessAway
from services.engine.log.keys import LogKeys
from services.engine.log.stamping import Stamps
from services.engine.log.standing import log_stands
from services.engine.log.traces import Traces
from services.engine.log.witnessing import Contradiction, Witness
from services.engine.pseudonym_keys import only
from tests.services.engine.log.desk import NODE, NOON, entry, findings, raw, store
from tests.services.engine.log.witnesses import ANOTHER, OTHERS, SISTER, Nodes
from tests.waiting import until

#: Addresses of nodes; here most are called as the node is.
_TWO = {one: one for one in OTHERS[:2]}


@dataclass
class Town:
    """The workshop's log with its checkpoints, and the others who witness it."""

    nodes: Nodes
    folder: Path
    away: set[str] = field(default_factory=set)
    published: list[Checkpoint] = field(default_factory=list)
    asked: set[str] = field(default_factory=set)

    def asking(self, address: str, node: str) -> Ask:
        witness = self.nodes.witness(self.folder, node)

        async def ask(text: str) -> str:
            self.asked.add(address)
            if node in self.away:
                raise WitnessAway("it answers nobody")
            return self._answer(witness, text)

        return ask

    def _answer(self, witness: Witness, text: str) -> str:
        try:
            return witness.hold(text, self.nodes.registry)
        except Contradiction:
            raise Contradicted from None

    async def publish(self, one: Checkpoint, text: str) -> None:
        assert read_checkpoint(text, self.nodes.registry) == one
        self.published.append(one)

    @asynccontextmanager
    async def running(
        self,
        name: str = "log",
        seconds: float = 0.02,
        entries: int = 10_000,
        witnesses: Mapping[str, str] | None = None,
    ) -> AsyncIterator[tuple[AccessLog, Checkpoints]]:
        own = self.nodes.own(self.folder, NODE)
        async with appending(store(self.folder / name)) as appender:
            folder = self.folder / name
            found = Traces(folder)
            keys = LogKeys(only(b"k" * 32), derived=False)
            log = AccessLog(NODE, folder, keys, own, appender, lambda: NOON, found, Stamps(folder))
            made = Checkpoints(
                log=log,
                registry=lambda: self.nodes.registry,
                witnesses={one: self.asking(one, node) for one, node in (witnesses or _TWO).items()},
                publish=self.publish,
                every_seconds=seconds,
                every_entries=entries,
            )
            work = asyncio.create_task(made.run())
            try:
                yield log, made
            finally:
                work.cancel()
                await asyncio.gather(work, return_exceptions=True)

    def words(self) -> list[Countersigned]:
        """The countersignatures that the log keeps."""
        path = self.folder / "log" / FILE
        kept = path.read_text().splitlines() if path.exists() else []
        return [read_countersigned(one, self.nodes.registry) for one in kept if _is_word(one, self)]

    def held(self, node: str) -> list[Checkpoint]:
        path = self.folder / node / f"{NODE}.jws"
        found = path.read_text().splitlines() if path.exists() else []
        return [read_checkpoint(one, self.nodes.registry) for one in found]


async def test_two_others_and_the_topic_hold_where_the_log_stands(tmp_path: Path) -> None:
    town = Town(Nodes(), tmp_path)
    async with town.running() as (log, made):
        for records in range(3):
            head = await log.append(entry(records))
        await until(lambda: made.newest is not None and made.newest[0].number == head.number)
        await until(lambda: made.waiting_seconds == 0)
        assert made.contradicted == set()
        assert log_stands(log, made, None).witnesses == 2
    for node in OTHERS[:2]:
        held = town.held(node)
        assert held[-1].hash == head.hash
        lines = [line[:-1] for line in raw(tmp_path / "log")]
        assert check(lines, held, list(hold(held))) == []
    assert town.published[-1].number == head.number
    assert {one.witness for one in town.words()} == set(OTHERS[:2])
    assert findings(tmp_path / "log") == []


def _is_word(text: str, town: Town) -> bool:
    try:
        read_checkpoint(text, town.nodes.registry)
    except DocumentRefused:
        return True
    return False


async def test_a_log_at_rest_is_signed_once(tmp_path: Path) -> None:
    town = Town(Nodes(), tmp_path)
    async with town.running() as (log, made):
        await log.append(entry())
        await until(lambda: made.newest is not None and made.waiting_seconds == 0)
        for _ in range(3):
            await log.appender.probe()
        numbers = [one.number for one in town.published]
        assert numbers == sorted(set(numbers))


async def test_many_entries_are_signed_before_it_is_time(tmp_path: Path) -> None:
    town = Town(Nodes(), tmp_path)
    async with town.running(seconds=3_600, entries=5) as (log, made):
        await log.append(entry())
        await until(lambda: made.newest is not None)
        for _ in range(5):
            head = await log.append(entry())
        await until(lambda: made.newest is not None and made.newest[0].number == head.number)


async def test_a_witness_that_is_away_delays_nothing_and_is_told_later(tmp_path: Path) -> None:
    town = Town(Nodes(), tmp_path, away={OTHERS[1]})
    async with town.running() as (log, made):
        await log.append(entry())
        await until(lambda: len(town.held(OTHERS[0])) == 1)
        assert made.waiting_seconds > 0
        for _ in range(3):
            await log.append(entry())
        await until(lambda: town.held(OTHERS[0])[-1].number == log.appender.head.number)
        town.away.clear()
        await until(lambda: made.waiting_seconds == 0)
        assert town.held(OTHERS[1])[-1].number == log.appender.head.number


@pytest.mark.parametrize(
    "witnesses",
    [
        {"https://one": OTHERS[0]},
        {"https://one": OTHERS[0], "https://one/": OTHERS[0]},
        {"https://one": OTHERS[0], "https://two": ANOTHER},
        {"https://one": OTHERS[0], "https://own": SISTER},
        {"https://own": SISTER, "https://self": NODE},
    ],
    ids=["one", "one by two addresses", "two nodes of one member", "one and its own", "its own alone"],
)
async def test_two_other_members_must_hold_it_whatever_their_addresses(
    tmp_path: Path, witnesses: dict[str, str]
) -> None:
    town, words = Town(Nodes(), tmp_path), sum(node in (OTHERS[0], ANOTHER) for node in witnesses.values())
    async with town.running(witnesses=witnesses) as (log, made):
        await log.append(entry())
        await until(lambda: made.newest is not None)
        first = monotonic()
        await until(lambda: town.asked == set(witnesses) and len(town.words()) == words)
        await log.append(entry())
        # Who gives his word again has been counted for the first.
        await until(lambda: len(town.words()) == 2 * words)
        since = monotonic() - first
        assert made.waiting_seconds >= since
        assert log_stands(log, made, None).witnesses == min(words, 1), "members, and not addresses"


async def test_a_log_that_begins_anew_is_contradicted_by_its_witnesses(tmp_path: Path) -> None:
    town = Town(Nodes(), tmp_path)
    async with town.running() as (log, made):
        for records in range(5):
            await log.append(entry(records))
        await until(lambda: made.newest is not None and made.newest[0].number == 6)
        await until(lambda: made.waiting_seconds == 0)
    async with town.running("another") as (log, made):
        await log.append(entry())
        await until(lambda: made.contradicted == set(OTHERS[:2]))
        assert (await log.append(entry())).number == 3, "callers are served; a person is told"
    assert town.nodes.witness(tmp_path).alarms == [NODE]
