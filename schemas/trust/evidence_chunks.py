"""Signed pieces of a streamed answer: after each piece a line that signs it, chained to the one before and first of all
to the answer's head; the last line signs the end. Made by nodes, read by whoever checks evidence.

A line is `{"signed":"<compact JWS>"}`. No other line of a stream begins so.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field

from schemas.trust import signed
from schemas.trust.keys import KeyPair
from schemas.trust.registry import Registry
from schemas.trust.signed import DocumentRefused, text_of
from schemas.trust.statements import statement

_PIECE = "piece"
_BEGIN, _CLOSE = b'{"signed":"', b'"}\n'


@dataclass(frozen=True, slots=True)
class Piece:
    """The `number`th piece of an answer (from 1) has this digest; `previous` is that of the statement before, or of
    the head's signature. The end is a piece without bytes. Digests are SHA-256 in hex."""

    number: int
    digest: str
    previous: str
    end: bool


class ChunksRefused(Exception):
    """A stream that is not whole; `reason` is stable: altered, removed, reordered, no-end, bad-signature, foreign."""

    def __init__(self, reason: str, number: int) -> None:
        self.reason, self.number = reason, number
        super().__init__(f"{reason} at piece {number}")


@dataclass(slots=True)
class Chain:
    """Signs the pieces of one stream in their order; `previous` is the digest of the head's signature at first."""

    key: KeyPair
    previous: str
    number: int = field(default=0)

    def line(self, piece: bytes, *, end: bool = False) -> bytes:
        """The line that follows the piece."""
        self.number += 1
        said = {
            "number": self.number,
            "digest": hashlib.sha256(piece).hexdigest(),
            "previous": self.previous,
            "end": end,
        }
        text = signed.sign({_PIECE: said}, self.key)
        self.previous = sha256(text)
        return _BEGIN + text.encode() + _CLOSE


def sha256(text: str) -> str:
    """The digest by which a signature or a statement is named: SHA-256 in hex over its text."""
    return hashlib.sha256(text.encode()).hexdigest()


def split(body: bytes) -> Iterator[tuple[bytes, str | None]]:
    """Each piece with its statement; None for bytes that none follows."""
    piece = b""
    for line in body.splitlines(keepends=True):
        if line.startswith(_BEGIN) and line.endswith(_CLOSE):
            yield piece, line[len(_BEGIN) : -len(_CLOSE)].decode("ascii", "replace")
            piece = b""
        else:
            piece += line
    if piece:
        yield piece, None


def is_signed(body: bytes) -> bool:
    """Whether a body is a stream with signed pieces."""
    return any(text is not None for _, text in split(body))


def without(body: bytes) -> bytes:
    """The stream as it is when nobody asks for signatures."""
    return b"".join(piece for piece, _ in split(body))


def check(body: bytes, head: str, key_id: str, registry: Registry) -> str:
    """The digest of the end's statement, where the stream is whole and all of it was signed by the key that signed the
    head; raises ChunksRefused. `head` is the text of the head's signature."""
    pieces = list(split(body))
    found = [_read(text, place, key_id, registry) for place, (_, text) in enumerate(pieces, start=1)]
    _in_order(found)
    previous = sha256(head)
    for said, (piece, text) in zip(found, pieces, strict=True):
        if said.digest != hashlib.sha256(piece).hexdigest():
            raise ChunksRefused("altered", said.number)
        if said.previous != previous:
            raise ChunksRefused("foreign", said.number)
        previous = sha256(text or "")
    if not found or not found[-1].end:
        raise ChunksRefused("no-end", len(found) + 1)
    return previous


def _in_order(found: list[Piece]) -> None:
    numbers = [one.number for one in found]
    whole = list(range(1, len(numbers) + 1))
    if numbers == whole:
        return
    place = next(place for place, number in zip(whole, numbers, strict=True) if number != place)
    raise ChunksRefused("reordered" if numbers != sorted(set(numbers)) else "removed", place)


def _read(text: str | None, place: int, key_id: str, registry: Registry) -> Piece:
    if text is None:
        # Bytes after the last statement, or a stream that was cut within a piece.
        raise ChunksRefused("no-end", place)
    try:
        said = statement(text, registry, _PIECE)
        number, end = said.get("number"), said.get("end")
        if type(number) is not int or not isinstance(end, bool):
            raise DocumentRefused("malformed", "it is no statement of a piece")
        found = Piece(number, text_of(said, "digest"), text_of(said, "previous"), end)
    except DocumentRefused:
        raise ChunksRefused("bad-signature", place) from None
    if signed.key_id_of(text) != key_id:
        raise ChunksRefused("foreign", place)
    return found
