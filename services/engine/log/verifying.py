"""A log's folder held against itself and against what others hold of it; used by `langqiao log verify`."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from schemas.trust.chain import Chain, Fault, Finding, Witnessed, hold
from schemas.trust.entries import BadLine, read
from schemas.trust.receipts import read_receipt
from schemas.trust.registry import Registry
from schemas.trust.signed import DocumentRefused
from schemas.trust.statements import Checkpoint, read_checkpoint, read_countersigned
from services.engine.log.files import lines, segments


@dataclass(slots=True)
class Evidence:
    """What others hold of one node's log; `unusable` says of each line that proves nothing where it stands and why."""

    node: str
    registry: Registry
    checkpoints: list[Checkpoint] = field(default_factory=list)
    receipts: list[Witnessed] = field(default_factory=list)
    unusable: list[str] = field(default_factory=list)

    def take_checkpoints(self, name: str, texts: Iterable[str]) -> None:
        """Checkpoints and countersignatures, one signed text each; those of other nodes are passed over."""
        for place, text in enumerate(texts, start=1):
            try:
                found = self._checkpoint(text)
            except DocumentRefused as fault:
                self.unusable.append(f"{name}:{place}: {fault}")
            else:
                self.checkpoints += [found] if found.node == self.node else []

    def take_receipts(self, name: str, texts: Iterable[str]) -> None:
        """Receipts, one signed text each; those of other nodes are passed over."""
        for place, text in enumerate(texts, start=1):
            try:
                one = read_receipt(text, self.registry)
            except DocumentRefused as fault:
                self.unusable.append(f"{name}:{place}: {fault}")
                continue
            if one.node == self.node:
                source = f"the receipt {name}:{place}"
                self.receipts.append(
                    Witnessed(one.number, one.hash, source, one.request, one.answer, Fault.NEVER_WRITTEN)
                )

    def _checkpoint(self, text: str) -> Checkpoint:
        with suppress(DocumentRefused):
            return read_countersigned(text, self.registry).checkpoint
        return read_checkpoint(text, self.registry)


@dataclass(frozen=True, slots=True)
class Verified:
    """What came of it: how many lines there are, where the log ends, and every fault with its place."""

    lines: int
    last: int
    hash: str
    findings: Sequence[Finding]


def node_of(folder: Path) -> str:
    """Whose log it is, as its first entry that can be read says; empty when there is none."""
    for line in _lines(folder):
        with suppress(BadLine):
            return str(read(line.removesuffix(b"\n")).said.get("node", ""))
    return ""


def verify(folder: Path, evidence: Evidence | None = None) -> Verified:
    """Read the whole log once, in bounded memory."""
    checkpoints = evidence.checkpoints if evidence is not None else []
    receipts = evidence.receipts if evidence is not None else []
    chain = Chain(checkpoints, [*hold(checkpoints), *receipts])
    torn = b""
    for line in _lines(folder):
        if torn:
            chain.take(torn)
        torn = b"" if line.endswith(b"\n") else line
        if not torn:
            chain.take(line[:-1])
    if torn:
        chain.torn(len(torn))
    return Verified(chain.lines, chain.head.number, chain.head.hash, chain.end())


def _lines(folder: Path) -> Iterator[bytes]:
    for segment in segments(folder):
        yield from lines(segment)
