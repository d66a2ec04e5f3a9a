"""No disclosure without an access entry: what an answer discloses, and its entry, durable before the answer's bytes go;
used by every action of the data plane, and by `plane`, which lets no answer pass that has none."""

import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

from schemas.contracts.model import Contract
from schemas.query.bound import BoundColumn, BoundQuery, Value, conditions
from schemas.trust.about import hidden_by
from schemas.trust.access import Decided
from schemas.trust.cases import about
from schemas.trust.entries import Act, Entry, salted
from schemas.trust.model import Case, Grant
from schemas.trust.subjects import Subject, SubjectReader, searched
from schemas.wire import headers as names
from services.engine.api.call import Call, Reply
from services.engine.api.knowing import naming, still

_SALT_BYTES = 16
#: Refusals that tell of the records themselves, and so are disclosures.
TELLING = frozenset(
    {
        "unknown-record",
        "not-one-record",
        "bad-range",
        "record-exists",
        "stale-version",
        "key-reused",
    }
)


@dataclass(slots=True)
class Disclosure:
    """What an answer, or a chunk of one, discloses. `items` are shown, `searched` the question's filters go by, both by
    name; `subjects` are identifiers as they are, which leave this process as pseudonyms alone. `contract` is that of
    the records, None where none are. `grant` is the one that the answer is due to; `only` the case whose records alone
    it lets be shown."""

    act: Act
    contract: Contract | None
    items: tuple[str, ...] = ()
    searched: tuple[str, ...] = ()
    grant: Grant | None = None
    only: Case | None = None
    subjects: set[Subject] = field(default_factory=set)
    records: int = 0
    counted: int | None = None

    @property
    def leans(self) -> tuple[Contract, Grant] | None:
        """The grant that the answer is due to, with the contract that it is for."""
        return None if self.contract is None or self.grant is None else (self.contract, self.grant)

    def show(self, reader: SubjectReader, rows: Sequence[Sequence[Value]]) -> None:
        """These records are in the answer."""
        self.records += len(rows)
        self.subjects.update(reader.of(rows))

    def shown_of(
        self, reader: SubjectReader, rows: Sequence[tuple[Value, ...]]
    ) -> Sequence[tuple[Value, ...]]:
        """Those of the records that may be shown. Others are as if they were not there."""
        case = self.only
        if case is None:
            return rows
        return [row for row in rows if any(about(case, one) for one in reader.of((row,)))]

    def chunk(self, subjects: Iterable[Subject]) -> "Disclosure":
        """The same for one chunk, in which these are searched by."""
        return replace(self, subjects={*self.subjects, *subjects}, records=0)


async def asked(call: Call, act: Act, question: BoundQuery, decided: Decided) -> Disclosure:
    """What a question will disclose before a record is read: `question` as it was put, `decided` as it is answered.
    Where it leans on a grant, one of that grant's calls is spent. A count shows no item, whatever it was asked of."""
    gate, grant, columns = call.node.gate, decided.grant, decided.query.columns
    if grant is not None:
        await gate.spend(grant)
    return Disclosure(
        act=act,
        contract=decided.query.contract,
        items=() if act is Act.COUNT else shown(columns),
        searched=tuple(sorted({one.item.name for one in conditions(question.where)})),
        grant=grant,
        only=gate.only(call.caller, grant),
        subjects=set(searched(question.contract, question.where)),
    )


def shown(columns: Sequence[BoundColumn]) -> tuple[str, ...]:
    """The items that columns show, by name."""
    return tuple(sorted({one.item.name for one in columns}))


async def entered(call: Call, reply: Reply) -> Reply:
    """The reply, which may be sent: its entry is on the disk. A stream enters its chunks itself.

    Raises LogUnavailable; an answer of which nobody said what it discloses is a fault of ours, and stays here.
    """
    if not isinstance(reply.body, bytes):
        return reply
    if call.disclosure is None:
        raise RuntimeError("an answer without a disclosure")
    sent = b"" if call.method == "HEAD" else reply.body
    receipt = await enter(call, call.disclosure, sent)
    if receipt is not None:
        reply.headers[names.RECEIPT] = receipt
    call.mark("log")
    return reply


async def enter(call: Call, disclosure: Disclosure, chunk: bytes) -> str | None:
    """Put the entry of a chunk on the disk; its receipt, where the node has a key. Raises LogUnavailable, and a Problem
    where what was decided of the call holds no longer; but what was written is entered whoever wrote it."""
    log, caller = call.node.log, call.caller
    if disclosure.act is not Act.WRITE:
        still(call, disclosure.leans)
    if not call.salt:
        call.salt = secrets.token_bytes(_SALT_BYTES)
        call.request = salted(
            call.salt, call.method.encode(), call.path.encode("latin-1"), call.query, call.sent
        )
    now, contract = call.node.clock(), disclosure.contract
    naming(call)
    untold, told_from = hidden_by(call.named, now)
    entry = Entry(
        at=now,
        node=log.node,
        act=disclosure.act,
        member=caller.member,
        system=caller.system,
        officer=caller.officer,
        purpose=caller.purpose,
        on_behalf=caller.on_behalf,
        case=caller.case.number if caller.case is not None else None,
        dataset=contract.dataset if contract is not None else None,
        major=contract.major if contract is not None else None,
        items=disclosure.items,
        searched=disclosure.searched,
        subjects=log.pseudonyms(disclosure.subjects),
        records=disclosure.records,
        counted=disclosure.counted,
        grant=disclosure.grant.id if disclosure.grant is not None else None,
        untold=untold,
        told_from=told_from,
        question=call.question,
        message=call.message,
        request=call.request,
        answer=salted(call.salt, chunk),
    )
    return log.receipt(entry, await log.append(entry), call.salt)
