"""Who received a wrong value, as the department's access log shows it: read from its first entry to the office's own
look at the mended record, and held against what the office keeps of it; asked by `receiving`."""

import asyncio
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Protocol

from schemas.trust.chain import Witnessed
from schemas.trust.entries import BadLine, read
from schemas.trust.log_page import PageAsk
from schemas.trust.received import LogReading, Sought, look
from schemas.trust.statements import Checkpoint
from services.departments.data_office.asking import Answered, Asking, Complaint, missing

#: Most faults that are told of one log: it is not whole by the first.
_MOST_FINDINGS = 10


@dataclass(frozen=True, slots=True)
class LogRead:
    """A node's log was read up to the entry of this number and hash, and held against so many checkpoints."""

    node: str
    entry: int
    hash: str
    checkpoints: int


@dataclass(frozen=True, slots=True)
class Received:
    """The systems that received the wrong value by the `logs` of a department's nodes; `findings` are what was done to
    one of these, each with its node, empty where all are whole."""

    systems: frozenset[str]
    logs: tuple[LogRead, ...]
    findings: tuple[str, ...] = ()


class Logs(Protocol):
    """Reads departments' access logs."""

    async def received(self, complaint: Complaint) -> Received:
        """Who received the item that a department has mended. Problem source-missing where that cannot be seen yet."""
        ...


@dataclass(frozen=True, slots=True)
class AtTheNodes:
    """Asks departments' nodes. `held` gives the checkpoints of a node that this office keeps."""

    asking: Asking
    held: Callable[[str], list[Checkpoint]]
    clock: Callable[[], datetime]

    async def received(self, complaint: Complaint) -> Received:
        answers = [await self.asking.at(complaint, node) for node in self.asking.nodes(complaint)]
        if not any(one.seen for one in answers):
            raise missing(complaint, "it shows no such record")
        each: list[Received] = []
        known: frozenset[str] = frozenset()
        # First those that show it: by whom it is about there, the others' logs are read.
        for answered in sorted(answers, key=lambda one: one.seen is None):
            found, subjects = await self._by_log(complaint, answered, known)
            each.append(found)
            known |= subjects
        return Received(
            frozenset().union(*(one.systems for one in each)),
            tuple(log for one in each for log in one.logs),
            tuple(finding for one in each for finding in one.findings),
        )

    async def _by_log(
        self, complaint: Complaint, answered: Answered, known: frozenset[str]
    ) -> tuple[Received, frozenset[str]]:
        """Who received it by the log of the node that answered, and whom the record is about by that log: by one of a
        node that shows no such record, those alone that are `known` or that its id names."""
        receipt, before = answered.receipt, complaint.look
        node, looks = receipt.node, [look(receipt.number, receipt.hash)]
        if before is not None and before.node == node:
            looks.insert(0, look(before.entry, before.hash))
        subjects, findings = await self._about(complaint, node, looks)
        if answered.seen is None:
            subjects = (subjects or frozenset()) | known
        sought = Sought(complaint.contract.dataset, complaint.item, subjects)
        reading = LogReading(sought, looks, await asyncio.to_thread(self.held, node))
        await self._read(complaint, node, reading)
        if not reading.is_held(self.clock()):
            raise missing(complaint, f"no checkpoint of {node} is held here that is young enough")
        findings += [f"{one.fault.value} {one.number}" for one in reading.findings()]
        found = Received(
            frozenset(reading.systems) - {self.asking.system},
            (LogRead(node, receipt.number, receipt.hash, reading.checkpoints),),
            tuple(f"{node}: {one}" for one in findings[:_MOST_FINDINGS]),
        )
        return found, subjects or frozenset()

    async def _about(
        self, complaint: Complaint, node: str, looks: Sequence[Witnessed]
    ) -> tuple[frozenset[str] | None, list[str]]:
        """Whom the record is about: as the office's own looks were entered, and as the node says that it named them
        under earlier keys; None where an entry names nobody. Where an entry is another than the one that the receipt is
        of, that is found."""
        subjects: set[str] = set()
        findings, everybody = [], False
        for one in looks:
            ask = PageAsk(complaint.contract.dataset, one.number - 1, 1)
            page = await self.asking.log_page(complaint, node, ask)
            named = _named(page.lines, one)
            if named is None:
                findings.append(f"rewritten {one.number}")
                continue
            everybody |= not named
            subjects |= named
        ask = PageAsk(complaint.contract.dataset, limit=1, record=complaint.record)
        subjects |= (await self.asking.log_page(complaint, node, ask)).subjects
        return (None if everybody or not subjects else frozenset(subjects)), findings

    async def _read(self, complaint: Complaint, node: str, reading: LogReading) -> None:
        """The log from its first line, until the newest look is reached, or nothing new comes."""
        ask = PageAsk(complaint.contract.dataset)
        while not reading.done:
            page = await self.asking.log_page(complaint, node, ask)
            await asyncio.to_thread(reading.take_all, page.lines)
            if reading.number <= ask.after:
                return
            ask = replace(ask, after=reading.number)


def _named(lines: Iterable[bytes], one: Witnessed) -> frozenset[str] | None:
    """Whom the entry names that a receipt is of; None where it is not that entry."""
    for line in lines:
        try:
            found = read(line)
        except BadLine:
            return None
        if (found.number, found.hash) == (one.number, one.hash):
            return frozenset(map(str, found.said.get("subjects", ())))
    return None
