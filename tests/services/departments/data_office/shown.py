"""What record, topic and access log show of a correction, as tests say it, and what the office keeps of it."""

from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import count
from typing import Any

import pytest_asyncio

from schemas.law.sharing.correction import Corrected, Look, Version
from schemas.wire.problem import Problem
from services.departments.data_office.asking import Complaint
from services.departments.data_office.filers import Filed, Word
from services.departments.data_office.logs import LogRead, Received
from services.departments.data_office.office import Office
from services.departments.data_office.receiving import Receiving
from tests.services.departments.data_office.conftest import FILING, PROVIDER, REQUESTER, Bureau

#: How the record stands that is said to be wrong.
LOOK = Look(Version(1, 3), {"salt": "00", "digest": "11"}, PROVIDER, 800, "b" * 64)


@dataclass
class Shown:
    """What record, topic and access log show, as a test says it, and by which act the subject was identified who files;
    a log that is None cannot be asked."""

    proof: Corrected | None = None
    seen: Look | None = None
    log: Received | None = None
    asked: Complaint | None = None
    since: datetime | None = None
    identified: str | None = None
    filed: tuple[Word, Filed] | None = None
    looks: int = 0

    async def of(self, complaint: Complaint, since: datetime) -> Corrected | None:
        self.asked, self.since = complaint, since
        return self.proof

    async def look(self, complaint: Complaint) -> Look | None:
        self.looks += 1
        return self.seen

    async def subject(self, word: Word, filed: Filed) -> str | None:
        self.filed = word, filed
        return self.identified

    async def received(self, complaint: Complaint) -> Received:
        self.asked = complaint
        if self.log is None:
            raise Problem("source-missing", f"{complaint.provider} could not be asked.")
        return self.log


@pytest_asyncio.fixture(loop_scope="module")
async def shown(bureau: Bureau) -> AsyncIterator[Shown]:
    """What the office sees while a test runs."""
    office: Office = bureau.app.state.office
    made = Shown()
    corrections = replace(office.corrections, proofs=made, filers=made)
    receiving = Receiving(corrections, made)
    bureau.app.state.office = replace(office, corrections=corrections, receiving=receiving)
    yield made
    bureau.app.state.office = office


def log(*systems: str, **changed: Any) -> Received:
    """A log that shows these receivers."""
    return replace(Received(frozenset(systems), (LogRead(PROVIDER, 812, "a" * 64, 40),)), **changed)


async def look_again(bureau: Bureau) -> None:
    office: Office = bureau.app.state.office
    await office.receiving.once()


async def stands(bureau: Bureau, correction: str) -> dict[str, Any]:
    [record] = await bureau.read(f"corrections?select=open_systems,clock&correction_id=eq.{correction}")
    return record


async def kinds(bureau: Bureau, correction: str) -> list[str]:
    steps = await bureau.read(f"correction_steps?select=kind&correction_id=eq.{correction}&order=number")
    return [one["kind"] for one in steps]


#: Each is of another record: while one is open, a member files no second one of the same.
_RECORDS: Iterator[str] = (f"{FILING['record']}-{number}" for number in count())


async def filed(bureau: Bureau, **changed: Any) -> str:
    """A new correction request, at whose record the office has not looked yet."""
    answer = await bureau.take(REQUESTER, "corrections", {**FILING, "record": next(_RECORDS), **changed})
    assert answer.status_code == 201, answer.text
    return str(answer.json()["correction_id"])


async def looked(bureau: Bureau, shown: Shown, **changed: Any) -> str:
    """A new correction request, and the office has seen version 1.3 of the record."""
    correction = await filed(bureau, **changed)
    shown.seen = LOOK
    await look_again(bureau)
    return correction


def seen(version: int, *changed: str) -> Corrected:
    return Corrected(Version(1, version), frozenset(changed))
