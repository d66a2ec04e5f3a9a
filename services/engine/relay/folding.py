"""What a topic folds to, kept small: of each record its order and a digest, never a body; and the count and hash of it
all. Pure; used by reconciliation, and by subscribers through `services.client.folding`."""

from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple
from zlib import crc32

from schemas.wire.control import THIN, Contents, Sum
from services.engine.capture.told import digest_of
from services.engine.relay.broker import Kept

#: Slices of the records, by record id.
CHUNKS = 256

#: In place of a digest: of a record that is gone, and of one whose last event is not its newest, which is what a broker
#: that compacts would keep.
GONE, WENT_BACK = "", "went back"

Order = tuple[int, int]


class Entry(NamedTuple):
    """The newest event of a record: its (epoch, version), and the digest of its body, THIN, GONE or WENT_BACK."""

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
        """Apply each event that is not older than what is known of its record, and note one that is; pass over what is
        no event. `messages` in the order of the topic."""
        for message in messages:
            said = _said(message)
            if said is None:
                continue
            subject, entry, number = said
            self.epoch, self.number = max(self.epoch, entry.order[0]), max(self.number, number)
            known = self.entries.get(subject)
            if known is not None and entry.order < known.order:
                entry = Entry(known.order, WENT_BACK)
            if self._wanted(subject):
                self.entries[subject] = entry

    def live(self) -> Iterator[tuple[str, Entry]]:
        """The records that are not gone."""
        return ((subject, entry) for subject, entry in self.entries.items() if entry.digest != GONE)


class Tally:
    """Count and hash of some records by chunk, whatever their order."""

    def __init__(self) -> None:
        self._chunks = [Sum() for _ in range(CHUNKS)]

    def add(self, subject: str, digest: str) -> None:
        self._chunks[chunk_of(subject)].add(subject, digest)

    @property
    def counts(self) -> list[int]:
        """By chunk."""
        return [one.contents.count for one in self._chunks]

    @property
    def contents(self) -> Contents:
        """Of all chunks."""
        total = Sum()
        for one in self._chunks:
            total.merge(one)
        return total.contents

    def differing(self, other: "Tally") -> set[int]:
        """The chunks whose count or hash is not the other's."""
        both = zip(self._chunks, other._chunks, strict=True)
        return {chunk for chunk, (one, two) in enumerate(both) if one.contents != two.contents}


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
