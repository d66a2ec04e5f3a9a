"""The callers' questions that gateways hand on: whether a call must follow from one, and whether it does; asked by the
gate once it is known what the call may have."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from schemas.contracts.catalogue import Catalogue
from schemas.contracts.document import ContractFault
from schemas.contracts.load import load_readable
from schemas.contracts.model import Item
from schemas.trust import question
from schemas.trust.asked import Unreadable, asked
from schemas.trust.follows import Step, beyond, needs_question
from schemas.trust.message import Message, MessageRefused
from schemas.trust.model import Caller, Member, Role
from schemas.trust.registry import Registry
from schemas.wire.problem import Problem


@dataclass(frozen=True, slots=True)
class Arrived:
    """A call as it arrived: its headers, the caller that its token names, who sent it as a message (None: nobody did),
    and the question that was handed on with it (None: none was)."""

    headers: Mapping[str, str]
    caller: Caller
    sender: Member | None
    handed: Any


@dataclass(slots=True)
class Questions:
    """What a caller's own system sends is its question itself. What a gateway sends must follow from one, where it
    touches conditional personal items and this is `required`, or one came with it; with `sealed` it joins by sealed
    keys where they are of personal items.

    Where the question's links lead stand in the contracts of all kinds, which are read when they are first needed; a
    link of which no contract is here leads nowhere.
    """

    kind: str
    contracts_dir: Path | None
    required: bool
    sealed: bool
    _catalogue: Catalogue | None = None
    _one_at_a_time: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def judge(
        self, step: Step, items: Mapping[str, Item], call: Arrived, registry: Registry, now: datetime
    ) -> None:
        """Problem question-required, bad-question or not-asked unless the step may be answered; `items` are those that
        it touches."""
        gateway = call.sender
        if gateway is None or gateway.role is not Role.GATEWAY or not needs_question(items.values()):
            return
        if call.handed is not None:
            await self._follow(step, call, _checked(call, registry, now))
        elif self.required:
            dataset = step.query.contract.dataset
            listed = sorted(name for name, item in items.items() if needs_question([item]))
            raise Problem(
                "question-required",
                f"{dataset} gives {', '.join(listed)} for a question alone that the caller signed",
                members={"dataset": dataset, "items": listed},
            )

    async def _follow(self, step: Step, call: Arrived, signed: Message) -> None:
        allowed, own = question.deadline_of(signed.headers), question.deadline_of(call.headers)
        if allowed is not None and (own is None or own > allowed):
            raise _not_asked("deadline")
        try:
            found = beyond(step, asked(signed), await self._contracts(), sealed=self.sealed)
        except Unreadable:
            found = "dataset"
        if found is not None:
            raise _not_asked(found)

    async def _contracts(self) -> Catalogue:
        """Read once, however many calls come first together."""
        async with self._one_at_a_time:
            if self._catalogue is None:
                self._catalogue = await asyncio.to_thread(_known, self.kind, self.contracts_dir)
        return self._catalogue


def _checked(call: Arrived, registry: Registry, now: datetime) -> Message:
    """The question, which the system of the call's token signed. Problem bad-question."""
    try:
        signed = question.message_of(call.handed, call.headers)
        question.check(signed, registry, now, system=call.caller.system or "")
    except MessageRefused as refused:
        members = {"reason": refused.reason}
        raise Problem("bad-question", f"the question is refused: {refused.reason}", members=members) from None
    return signed


def _not_asked(what: str) -> Problem:
    return Problem(
        "not-asked",
        f"the call goes beyond the question that the caller signed: {what}",
        members={"beyond": what},
    )


def _known(kind: str, root: Path | None) -> Catalogue:
    """All contracts that are here and can stand together, this kind's own first."""
    kept = Catalogue(())
    contracts = sorted(load_readable(root), key=lambda one: one.kind != kind)
    together: list[Any] = []
    for one in contracts:
        try:
            kept = Catalogue([*together, one])
        except ContractFault:
            continue
        together.append(one)
    return kept
