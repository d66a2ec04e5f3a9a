"""Whether the person who files a correction is the record's subject: a citizen-services system says whom it identified,
and the record's department whether the record is about that person; asked by the desk of corrections."""

import logging
from dataclasses import dataclass
from typing import Protocol

from schemas.trust.about_record import PATH, RecordAsk, read_answer
from schemas.trust.signed import DocumentRefused
from schemas.trust.vouching import filing, read_vouched
from schemas.wire.problem import Problem
from services.departments.data_office.asking import Asking
from services.engine.access.vouching import bad_vouching, require_desk

_log = logging.getLogger("langqiao.engine")


@dataclass(frozen=True, slots=True, repr=False)
class Word:
    """What a citizen-services system says of the person who files, as it signed it, and what registers say of whom that
    person represents."""

    vouched: str
    mandates: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Filed:
    """Where it is filed: by which system, and of which record at which department."""

    system: str
    provider: str
    dataset: str
    record: str


class Filers(Protocol):
    """Knows whom records are about by asking their departments."""

    async def subject(self, word: Word, filed: Filed) -> str | None:
        """The act by which the person was identified (`identified:<reference>`), if the record is about that person;
        None where its department says otherwise, or cannot be asked. Problem bad-vouching, vouching-required."""
        ...


@dataclass(frozen=True, slots=True)
class AtTheDepartment:
    """Asks the department's nodes, until one says so. The word passes through this process, and is kept nowhere."""

    asking: Asking

    async def subject(self, word: Word, filed: Filed) -> str | None:
        purpose = self._identified(word, filed)
        asked = _Asked(filed.provider, purpose)
        body = RecordAsk(filed.dataset, filed.record, word.vouched, word.mandates).body()
        for node in self._nodes(asked):
            if await self._says_so(asked, node, body):
                return purpose
        return None

    def _nodes(self, asked: "_Asked") -> list[str]:
        try:
            return self.asking.nodes(asked)
        except Problem as fault:
            _log.warning("whom a record is about is not known: %s", fault)
            return []

    async def _says_so(self, asked: "_Asked", node: str, body: bytes) -> bool:
        try:
            return read_answer(await self.asking.post(asked, node, PATH, body))
        except (Problem, DocumentRefused) as fault:
            # Whoever files is heard all the same; only not as the subject.
            _log.warning("whom a record is about is not known: %s", fault)
            return False

    def _identified(self, word: Word, filed: Filed) -> str:
        """By which act of its own the calling system identified the person who files about this record."""
        try:
            found, signer = read_vouched(word.vouched, self.asking.registry(), self.asking.clock())
        except DocumentRefused as refused:
            raise bad_vouching(refused.reason) from None
        if (found.system, found.use) != (filed.system, filing(filed.dataset, filed.record)):
            raise bad_vouching("another-call")
        require_desk(signer)
        return found.purpose


@dataclass(frozen=True, slots=True)
class _Asked:
    provider: str
    purpose: str
