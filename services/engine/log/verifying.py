"""A log's folder held against itself and against what others hold of it; used by `langqiao log verify`."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from schemas.trust.chain import Chain, Fault, Finding, Witnessed, hold
from schemas.trust.entries import instant
from schemas.trust.receipts import Receipt, read_receipt
from schemas.trust.registry import Registry
from schemas.trust.signed import DocumentRefused
from schemas.trust.statements import Checkpoint, read_checkpoint, read_countersigned
from services.engine.log.files import lines, segments


@dataclass(frozen=True, slots=True)
class Held:
    """What others hold of the log of `node`; empty: nobody says whose it is. `silent` are the files that were to say
    something of it and say nothing that counts; `others` the nodes of which it was not asked, that they speak of too.
    `checkpoints` and `receipts` are signed by the node itself, `words` by its witnesses alone.
    """

    node: str = ""
    checkpoints: Sequence[Checkpoint] = ()
    words: Sequence[Witnessed] = ()
    receipts: Sequence[Witnessed] = ()
    silent: Sequence[str] = ()
    others: Sequence[str] = ()


@dataclass(slots=True)
class Evidence:
    """What files say of nodes' logs, read by the keys that a registry lists; `unusable` says of each line that proves
    nothing where it stands and why."""

    registry: Registry
    unusable: list[str] = field(default_factory=list)
    _files: list[tuple[str, list[tuple[str, Checkpoint | Witnessed]]]] = field(default_factory=list)

    def take_checkpoints(self, name: str, texts: Iterable[str]) -> None:
        """Checkpoints and countersignatures, one signed text each."""
        self._take(name, texts, self._checkpoint)

    def take_receipts(self, name: str, texts: Iterable[str]) -> None:
        """Receipts, one signed text each."""
        self._take(name, texts, self._receipt)

    @property
    def nodes(self) -> list[str]:
        """The nodes whose logs they speak of."""
        return sorted({node for _, found in self._files for node, _ in found})

    def of(self, node: str) -> Held:
        """What they say of this node's log."""
        mine = [(name, [one for whose, one in found if whose == node]) for name, found in self._files]
        said = [one for _, some in mine for one in some]
        return Held(
            node,
            [one for one in said if isinstance(one, Checkpoint)],
            [one for one in said if isinstance(one, Witnessed) and not one.says],
            [one for one in said if isinstance(one, Witnessed) and one.says],
            [name for name, some in mine if not some],
            [one for one in self.nodes if one != node],
        )

    def _take(
        self,
        name: str,
        texts: Iterable[str],
        reading: Callable[[str, str], tuple[str, Checkpoint | Witnessed]],
    ) -> None:
        found = []
        for place, text in enumerate(texts, start=1):
            try:
                found.append(reading(text, f"{name}:{place}"))
            except DocumentRefused as fault:
                self.unusable.append(f"{name}:{place}: {fault}")
        self._files.append((name, found))

    def _checkpoint(self, text: str, place: str) -> tuple[str, Checkpoint | Witnessed]:
        with suppress(DocumentRefused):
            word = read_countersigned(text, self.registry)
            one = word.checkpoint
            # The node has not signed this: what it says of times, and more than the hash, is the witness's to answer.
            return one.node, Witnessed(one.number, one.hash, f"the word of {word.witness}, {place},")
        one = read_checkpoint(text, self.registry)
        return one.node, one

    def _receipt(self, text: str, place: str) -> tuple[str, Witnessed]:
        one = read_receipt(text, self.registry)
        source, missing = f"the receipt {place}", Fault.NEVER_WRITTEN
        return one.node, Witnessed(one.number, one.hash, source, missing, one.at, _says(one))


@dataclass(frozen=True, slots=True)
class Verified:
    """What came of it: how many lines there are, where the log ends, and every fault with its place."""

    lines: int
    last: int
    hash: str
    findings: Sequence[Finding]


def verify(folder: Path, held: Held | None = None, now: datetime | None = None) -> Verified:
    """Read the whole log once, in bounded memory. `now` (aware) is when that is, None: it is not known."""
    held = held or Held()
    said = [*hold(held.checkpoints), *held.words, *held.receipts]
    chain = Chain(held.checkpoints, said, held.node, now)
    torn = b""
    for line in _lines(folder):
        if torn:
            chain.take(torn)
        torn = b"" if line.endswith(b"\n") else line
        if not torn:
            chain.take(line[:-1])
    if torn:
        chain.torn(len(torn))
    found = chain.end()
    for name in held.silent:
        detail = (
            f"{name} holds nothing that counts of {f'the log of {held.node}' if held.node else 'any log'}"
        )
        found.append(Finding(Fault.NOT_HELD, 1, max(1, chain.head.number), detail))
    return Verified(chain.lines, chain.head.number, chain.head.hash, found)


def _says(one: Receipt) -> Mapping[str, str]:
    """What the entry says of which this is the receipt; what a receipt leaves out, it does not deny."""
    said = {"request": one.request, "answer": one.answer, "at": instant(one.at)}
    named = {"node": one.node, "member": one.member, "on_behalf": one.on_behalf}
    return said | {name: text for name, text in named.items() if text is not None}


def _lines(folder: Path) -> Iterator[bytes]:
    for segment in segments(folder):
        yield from lines(segment)
