"""Signatures of answers that wait to be named in the access log, and the time tokens that came of those that were;
filled by the data plane, worked off by `checkpoints`, asked by `POST /log/time-tokens`."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import orjson

from schemas.trust.entries import Head
from schemas.trust.evidence_time import TimeToken
from services.engine.log.files import append_line, backwards, segments

#: In the log's folder: a time token a line; and the digests that no token names yet, one a line.
FILE, WAITING = "time-tokens.jsonl", "time-tokens.waiting"
#: Most digests that one entry names: it goes with every token. The rest wait for the next.
MOST = 1_000
#: How many entries are remembered until a witness answers; it is asked about the newest alone.
_REMEMBERED = 8
#: Most tokens that are told of one digest: one for each witness is enough.
_ENOUGH = 4


@dataclass(slots=True)
class Stamps:
    """What waits, in `folder`. What a killed process left is taken up again when the next one first looks."""

    folder: Path
    _waiting: dict[str, None] = field(default_factory=dict)
    _entries: dict[int, tuple[str, tuple[str, ...]]] = field(default_factory=dict)
    _recalled: bool = False

    def wait(self, digest: str) -> None:
        """Have it named in the log. That outlives this process, but perhaps not the machine's power. Raises OSError."""
        self._recall()
        if digest not in self._waiting:
            self._waiting[digest] = None
            with (self.folder / WAITING).open("a") as file:
                file.write(f"{digest}\n")

    def next(self) -> tuple[str, ...]:
        """The digests that the next entry is to name, the oldest first: all that no witness holds yet."""
        self._recall()
        return tuple(self._waiting)[:MOST]

    @property
    def all_named(self) -> bool:
        """Whether the newest entry names all that the next one would: then the witnesses are being told."""
        newest = self._entries[max(self._entries)][1] if self._entries else ()
        return set(self.next()) <= set(newest)

    def named(self, head: Head, digests: Sequence[str]) -> None:
        """The entry that stands there names them; raises OSError."""
        line = _line(self.folder, head)
        if line is None:
            return
        self._entries[head.number] = line, tuple(digests)
        for number in sorted(self._entries)[:-_REMEMBERED]:
            del self._entries[number]

    def keep(self, number: int, word: str) -> None:
        """Put the token on the disk that a witness's word for this entry's checkpoint makes; raises OSError."""
        if number in self._entries:
            token = TimeToken(self._entries[number][0], word)
            append_line(self.folder / FILE, orjson.dumps(token.document()).decode())

    def settle(self, number: int) -> None:
        """What this entry names waits no longer; raises OSError."""
        if number not in self._entries:
            return
        for digest in self._entries[number][1]:
            self._waiting.pop(digest, None)
        (self.folder / WAITING).write_text("".join(f"{one}\n" for one in self._waiting))

    def tokens(self, digests: Sequence[str]) -> dict[str, list[TimeToken]]:
        """What says of each when it stood; empty while nothing does. All are read once. Raises OSError."""
        path, found = self.folder / FILE, {digest: list[TimeToken]() for digest in digests}
        if found and path.exists():
            with path.open("rb") as file:
                for line in file:
                    for digest, tokens in found.items():
                        if len(tokens) < _ENOUGH and digest.encode() in line:
                            said = orjson.loads(line)
                            tokens.append(TimeToken(said["entry"], said["witnessed"]))
        return found

    def _recall(self) -> None:
        if not self._recalled:
            self._recalled = True
            path = self.folder / WAITING
            left = path.read_text().splitlines() if path.exists() else []
            self._waiting.update(dict.fromkeys(left))


def _line(folder: Path, head: Head) -> str | None:
    """The log's line with this hash, looked for from its end."""
    ending = f'"hash":"{head.hash}"}}'.encode()
    for segment in reversed(segments(folder)):
        for line in backwards(segment):
            if line.endswith(ending):
                return line.decode()
    return None
