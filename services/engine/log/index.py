"""Where a finished segment of the log speaks of whom: a file of sorted places beside it, made of it in bounded memory,
and looked through without being read whole; used by `traces`."""

import base64
import binascii
import mmap
import os
import struct
from bisect import bisect_left
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, suppress
from heapq import merge
from itertools import islice
from pathlib import Path
from tempfile import NamedTemporaryFile, TemporaryFile
from typing import BinaryIO

import orjson

from services.engine.log.files import Segment, lines

#: The form of the file, and how large the segment was of which it was made.
_HEAD = struct.Struct(">8sQ")
_FORM = b"subjects"
#: One place: a pseudonym's bytes, the number of an entry that names it, and where its line begins in the segment.
_PLACE = struct.Struct(">16sQQ")
_SUBJECT_BYTES, _SOUGHT_BYTES = 16, 24
#: So many places are sorted at a time, 20 MB of memory; longer lists are merged from the disk.
_AT_ONCE = 200_000
_ENDING = ".subjects"


def missing(segments: Iterable[Segment]) -> list[Segment]:
    """Those of these finished segments that have no index, or one of other content."""
    return [one for one in segments if not _fits(one)]


def build(segment: Segment, at_once: int = _AT_ONCE) -> None:
    """Make a segment's index, and put it in place when it is whole. OSError."""
    size = segment.path.stat().st_size
    with ExitStack() as stack:
        places = _places(segment)
        runs = []
        while run := sorted(islice(places, at_once)):
            file = stack.enter_context(TemporaryFile(dir=segment.path.parent))
            file.write(b"".join(run))
            runs.append(_read_back(file))
        with NamedTemporaryFile(dir=segment.path.parent, suffix=_ENDING + ".new", delete=False) as made:
            try:
                made.write(_HEAD.pack(_FORM, size))
                made.writelines(merge(*runs))
                made.flush()
                os.fsync(made.fileno())
                Path(made.name).replace(_file(segment))
            except BaseException:
                Path(made.name).unlink(missing_ok=True)
                raise


def sweep(folder: Path, segments: Iterable[Segment]) -> None:
    """Take away the indexes of segments that are gone, and what a killed process left half made."""
    kept = {_file(one) for one in segments}
    for path in folder.iterdir():
        if (path.name.endswith(_ENDING) and path not in kept) or path.name.endswith(_ENDING + ".new"):
            path.unlink(missing_ok=True)


def find(segment: Segment, subject: bytes, before: int) -> Iterator[tuple[int, int]]:
    """Number and offset of each entry that names the subject, the last first, of those numbered below `before`."""
    with (
        _file(segment).open("rb") as file,
        mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content,
    ):

        def sought(at: int) -> bytes:
            begin = _HEAD.size + at * _PLACE.size
            return content[begin : begin + _SOUGHT_BYTES]

        count = (len(content) - _HEAD.size) // _PLACE.size
        at = bisect_left(range(count), subject + before.to_bytes(8), key=sought)
        while at:
            at -= 1
            found, number, offset = _PLACE.unpack_from(content, _HEAD.size + at * _PLACE.size)
            if found != subject:
                return
            yield number, offset


def bytes_of(pseudonym: str) -> bytes | None:
    """The bytes that a pseudonym spells; None where it is none."""
    with suppress(binascii.Error, ValueError):
        found = base64.b64decode(pseudonym + "==", altchars=b"-_", validate=True)
        return found if len(found) == _SUBJECT_BYTES else None
    return None


def _places(segment: Segment) -> Iterator[bytes]:
    """A place for each pseudonym of each entry; a line that is none has no part in it."""
    offset = 0
    for line in lines(segment):
        with suppress(orjson.JSONDecodeError, KeyError, TypeError, struct.error):
            said = orjson.loads(line)["entry"]
            for pseudonym in said.get("subjects", ()):
                subject = bytes_of(pseudonym)
                if subject is not None:
                    yield _PLACE.pack(subject, said["number"], offset)
        offset += len(line)


def _read_back(file: BinaryIO) -> Iterator[bytes]:
    file.seek(0)
    while place := file.read(_PLACE.size):
        yield place


def _fits(segment: Segment) -> bool:
    try:
        with _file(segment).open("rb") as file:
            form, size = _HEAD.unpack(file.read(_HEAD.size))
            rest = os.fstat(file.fileno()).st_size - _HEAD.size
    except (FileNotFoundError, struct.error):
        return False
    return bool(form == _FORM and size == segment.path.stat().st_size and rest % _PLACE.size == 0)


def _file(segment: Segment) -> Path:
    return segment.path.with_suffix(_ENDING)
