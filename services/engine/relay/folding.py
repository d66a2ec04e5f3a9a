"""What a topic folds to, kept small: of each record its order and a digest, never a body; and the count and hash of it
all. Pure; used by reconciliation, and by subscribers through `services.client.folding`."""

import hashlib
from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple
from zlib import crc32

from services.engine.relay.broker import Kept
from services.engine.relay.views import digest_of

#: Slices of the records, by record id.
CHUNKS = 256

#: In place of a digest: of a record that is gone, and of one whose event shows nothing of it.
GONE, THIN = "", "thin"

_MARK_BYTES = 16
_MODULUS = 1 << (8 * _MARK_BYTES)

Order = tuple[int, int]


class Entry(NamedTuple):
    """The newest event of a record: its (epoch, version), and the digest of its body, THIN or GONE."""

    order: Order
    digest: str


class Fold:
    """The newest entry of each record that `wanted` lets in; deletes too, so that nothing older comes back."""

    def __init__(self, wanted: Callable[[str], bool] = lambda _: True) -> None:
        self.entries: dict[str, Entry] = {}
        #: The highest epoch, and the highest number in the feed, that any event bore.
        self.epoch = self.number = 0
        self._wanted = wanted

    def take(self, messages: Iterable[Kept]) -> None:
        """Apply each event that is not older than what is known of its record; pass over what is no event."""
        for message in messages:
            said = _said(message)
            if said is None:
                continue
            subject, entry, number = said
            self.epoch, self.number = max(self.epoch, entry.order[0]), max(self.number, number)
            known = self.entries.get(subject)
            if self._wanted(subject) and (known is None or entry.order >= known.order):
                self.entries[subject] = entry

    def live(self) -> Iterator[tuple[str, Entry]]:
        """The records that are not gone."""
        return ((subject, entry) for subject, entry in self.entries.items() if entry.digest != GONE)


class Tally:
    """Count and hash of some records by chunk, whatever their order."""

    def __init__(self) -> None:
        self.counts = [0] * CHUNKS
        self._sums = [0] * CHUNKS

    def add(self, subject: str, digest: str) -> None:
        chunk = chunk_of(subject)
        mark = hashlib.sha256(f"{subject}\0{digest}".encode()).digest()[:_MARK_BYTES]
        self.counts[chunk] += 1
        self._sums[chunk] = (self._sums[chunk] + int.from_bytes(mark)) % _MODULUS

    @property
    def count(self) -> int:
        return sum(self.counts)

    @property
    def hash(self) -> str:
        """Hexadecimal; the same for the same records and digests."""
        return f"{sum(self._sums) % _MODULUS:0{2 * _MARK_BYTES}x}"

    def differing(self, other: "Tally") -> set[int]:
        """The chunks whose count or hash is not the other's."""
        mine, theirs = zip(self.counts, self._sums, strict=True), zip(other.counts, other._sums, strict=True)
        return {chunk for chunk, (one, two) in enumerate(zip(mine, theirs, strict=True)) if one != two}


def chunk_of(subject: str) -> int:
    return crc32(subject.encode()) % CHUNKS


def _said(message: Kept) -> tuple[str, Entry, int] | None:
    """Record id, entry and number of an event; None for what is none. Reads no more of it than it needs."""
    said = dict(message.headers)
    try:
        order = int(said["ce_recordepoch"]), int(said["ce_recordversion"])
        number, subject = int(said["ce_sequence"]), (message.key or b"").decode()
    except (KeyError, ValueError):
        return None
    if message.value is None:
        return subject, Entry(order, GONE), number
    return subject, Entry(order, THIN if "ce_dataref" in said else digest_of(message.value)), number
