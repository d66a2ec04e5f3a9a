"""Access entries: the lines of a node's hash-chained log of who was told what of whom, and what for; pure. Written by a
node's log, read by whoever checks it.

A line is `{"entry":{…},"hash":"…"}`, keys sorted, no blanks: `hash` is SHA-256 in hex over the entry's bytes as they
stand there, and the entry holds its number (from 1, no gaps) and the hash of the one before. What is null is left out.
No value of a record stands in it, nor of a question: identifiers are pseudonyms, and the digests of request and answer
are salted, for short ones could be guessed otherwise. Only the receipt of an answer bears the salt.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from enum import StrEnum
from operator import attrgetter
from typing import Any

import orjson

#: The hash that the first entry of a log names as the one before it.
BEGINNING = "0" * 64
_HASH_DIGITS = 64


class Act(StrEnum):
    """What an entry is of: a disclosure, or (from `BEGAN` on) something that befell the log itself."""

    READ = "read"
    LOOKUP = "lookup"
    VERIFY = "verify"
    COUNT = "count"
    VIEW = "view"
    WRITE = "write"
    BEGAN = "began"
    RECOVERED = "recovered"
    RESUMED = "resumed"
    PRUNED = "pruned"
    STAMPED = "stamped"


@dataclass(frozen=True, slots=True)
class Entry:
    """One act, without its place in the log. Times are aware.

    Who: `member`, `system`, `officer`, `purpose` as the call said; an anonymous caller has none of them; `on_behalf` is
    whom the caller acts for, `case` the number of the case that it referred to.
    What: `items` shown and items `searched` by, by name; `subjects` are pseudonyms of whom
    the records are about and of each identifier searched by, found or not, sorted; `records` were shown, `counted` is
    the total that was told; `grant` is the grant leaned on. `request` and `answer` are salted digests. `told` is what
    the log says of itself.

    `untold` is the legal basis on which no person is told of the entry, and `told_from` the time from which they are:
    both as any grant of the caller that `purpose` names was defined when the entry was made, so that nothing that comes
    later uncovers it.
    """

    at: datetime
    node: str
    act: Act
    member: str | None = None
    system: str | None = None
    officer: str | None = None
    purpose: str | None = None
    on_behalf: str | None = None
    case: str | None = None
    dataset: str | None = None
    major: int | None = None
    items: tuple[str, ...] | None = None
    searched: tuple[str, ...] | None = None
    subjects: tuple[str, ...] | None = None
    records: int | None = None
    counted: int | None = None
    grant: str | None = None
    untold: str | None = None
    told_from: str | None = None
    question: str | None = None
    message: str | None = None
    request: str | None = None
    answer: str | None = None
    told: Mapping[str, Any] | None = None


_NAMES = tuple(one.name for one in fields(Entry) if one.name not in ("at", "act"))
#: All of them at once: an entry is written for every answer.
_VALUES = attrgetter(*_NAMES)


@dataclass(frozen=True, slots=True)
class Head:
    """Where a log ends: the number and the hash of its last entry; 0 and BEGINNING before the first."""

    number: int = 0
    hash: str = BEGINNING


class BadLine(ValueError):
    """These bytes are no line that a log writes; says which part does not fit."""


@dataclass(frozen=True, slots=True)
class Line:
    """A line as it was read; `said` is the whole entry."""

    number: int
    hash: str
    previous: str
    said: Mapping[str, Any]

    @property
    def head(self) -> Head:
        return Head(self.number, self.hash)


def write(entry: Entry, after: Head) -> tuple[bytes, Head]:
    """The entry's line, with its line feed, as the next of a log; and where the log ends then."""
    pairs = zip(_NAMES, _VALUES(entry), strict=True)
    said: dict[str, Any] = {name: value for name, value in pairs if value is not None}
    number = after.number + 1
    said |= {"at": instant(entry.at), "act": entry.act.value, "number": number, "previous": after.hash}
    body = orjson.dumps(said, option=orjson.OPT_SORT_KEYS)
    digest = hashlib.sha256(body).hexdigest()
    return b'{"entry":%b,"hash":"%b"}\n' % (body, digest.encode()), Head(number, digest)


def read(line: bytes) -> Line:
    """The line without its line feed, if it is one to the last byte; raises BadLine."""
    try:
        found = orjson.loads(line)
        said, digest = found["entry"], found["hash"]
        number, previous = said["number"], said["previous"]
    except (orjson.JSONDecodeError, KeyError, TypeError):
        raise BadLine("it is not of the form of an entry") from None
    if type(number) is not int or number < 1 or not isinstance(previous, str):
        raise BadLine("it has no number, or does not name the entry before")
    if _written(found) != line:
        raise BadLine("it is not written as entries are")
    body = line[len(b'{"entry":') : -(len(b',"hash":"') + _HASH_DIGITS + len(b'"}'))]
    if hashlib.sha256(body).hexdigest() != digest:
        raise BadLine("its hash is not that of its content")
    return Line(number, digest, previous, said)


def _written(found: Any) -> bytes | None:
    """As an entry's line would be written; None: it is nested deeper than any entry."""
    try:
        return orjson.dumps(found, option=orjson.OPT_SORT_KEYS)
    except orjson.JSONEncodeError:
        return None


def salted(salt: bytes, *parts: bytes) -> str:
    """The digest of a request (method, path as sent, query string, body) or of an answer (its bytes): SHA-256 in hex
    over the salt and the parts, each after its length in 8 bytes."""
    digest = hashlib.sha256(salt)
    for part in parts:
        digest.update(len(part).to_bytes(8))
        digest.update(part)
    return digest.hexdigest()


def instant(at: datetime) -> str:
    """A time as entries and statements write it: RFC 3339 in UTC, to the microsecond."""
    return at.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
