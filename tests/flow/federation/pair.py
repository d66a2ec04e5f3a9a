"""The county and the one database side by side; the measure of every property of the federation."""

import asyncio
from dataclasses import dataclass
from typing import Any

import httpx
from hypothesis import note

from tests.flow.federation.county import Place
from tests.flow.federation.one_database import Answer, OneDatabase, statement
from tests.flow.federation.questions import Question
from tests.flow.federation.records import Contents
from tests.flow.federation.running import County


@dataclass(frozen=True)
class Pair:
    """The county and the one database, holding the same contents."""

    runner: asyncio.Runner
    county: County
    one_database: OneDatabase

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        """Short where a failing property shows what it was given."""
        printer.text("the pair")

    def load(self, data: Contents) -> None:
        self.runner.run(self.county.load(data))
        self.runner.run(self.one_database.load(data))

    def asked_without(self, question: Question, down: frozenset[Place], **wanted: str) -> httpx.Response:
        """The gateway's answer while nobody listens at some nodes."""
        self.county.nodes.down = {place.url for place in down}
        try:
            return self.runner.run(self.county.ask(question, **wanted))
        finally:
            self.county.nodes.down = set()

    def expected(self, question: Question) -> Answer:
        """What one database answers; shown when the test fails."""
        note(f"as SQL: {statement(question.dataset, question.query)}")
        return self.runner.run(self.one_database.answer(question.dataset, question.query))
