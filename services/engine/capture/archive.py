"""A backup's file: a zip of one part for each table, of secret files where they were asked for, and a manifest with the
checksum of each part; written and read bit by bit, by `keeping` and `restoring`."""

import hashlib
import os
import tempfile
import zlib
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from io import BufferedReader
from pathlib import Path
from typing import Any
from zipfile import ZIP_DEFLATED, BadZipFile, ZipFile

import orjson
from pydantic import BaseModel, ConfigDict, ValidationError

_MANIFEST = "manifest.json"
_PARTS, _SECRETS = "tables/{}.ndjson", "secrets/{}"
_FORMAT = "langqiao backup 1"
_BITE = 1 << 20

#: What a broken zip may raise while it is read.
_BROKEN = (BadZipFile, zlib.error, EOFError, KeyError, NotImplementedError, RuntimeError)


class BadArchive(Exception):
    """The file is no backup, or is not as it was written; says what is wrong with it."""


class Part(BaseModel):
    """A table: how many rows, and the SHA-256 of its text."""

    model_config = ConfigDict(frozen=True)

    rows: int
    sha256: str


class Manifest(BaseModel):
    """What a backup is of. `made_at` is by the database's clock, `revision` the tables', `last_id` the newest outbox
    row's, `fence` the lease's number, `pseudonym_key` the key's fingerprint; `contracts` gives versions by dataset and
    major."""

    model_config = ConfigDict(frozen=True)

    format: str = _FORMAT
    node: str
    database: str
    made_at: str
    revision: str
    epoch: int
    last_id: int
    fence: int
    pseudonym_key: str
    contracts: Mapping[str, str]
    parts: Mapping[str, Part] = {}
    secrets: tuple[str, ...] = ()


class Writing:
    """A backup that is being written: parts first, the manifest last."""

    def __init__(self, zipped: ZipFile) -> None:
        self._zipped = zipped
        self._parts: dict[str, Part] = {}

    def part(self, name: str, columns: list[str], rows: Iterable[list[Any]]) -> None:
        """A table's rows, each a line of JSON after one that names the columns."""
        count, digest = -1, hashlib.sha256()
        with self._zipped.open(_PARTS.format(name), "w", force_zip64=True) as part:
            for count, line in enumerate(_lines(columns, rows)):  # noqa: B007 the last one is the count
                digest.update(line)
                part.write(line)
        self._parts[name] = Part(rows=count, sha256=digest.hexdigest())

    def end(self, manifest: Manifest, secrets: Mapping[str, bytes]) -> Manifest:
        """The manifest as it was written, with all parts."""
        for name, content in secrets.items():
            self._zipped.writestr(_SECRETS.format(name), content)
        whole = manifest.model_copy(update={"parts": self._parts, "secrets": tuple(secrets)})
        self._zipped.writestr(_MANIFEST, whole.model_dump_json(indent=2))
        return whole


class Archive:
    """A backup that was opened."""

    def __init__(self, zipped: ZipFile) -> None:
        self._zipped = zipped
        with _telling():
            self.manifest = _manifest(zipped.read(_MANIFEST))

    def check(self) -> None:
        """Read every part once; raises BadArchive where one is not as it was written."""
        for name, part in self.manifest.parts.items():
            digest = hashlib.sha256()
            with _telling(), self._open(name) as text:
                while bite := text.read(_BITE):
                    digest.update(bite)
            if digest.hexdigest() != part.sha256:
                raise BadArchive(f"the checksum of {name} is wrong")

    def columns(self, name: str) -> list[str]:
        with _telling(), self._open(name) as text:
            found: list[str] = orjson.loads(text.readline())
            return found

    def rows(self, name: str) -> Iterator[list[Any]]:
        """A part's rows, in the order of its columns."""
        with _telling(), self._open(name) as text:
            text.readline()
            for line in text:
                yield orjson.loads(line)

    def secret(self, name: str) -> bytes:
        with _telling():
            return self._zipped.read(_SECRETS.format(name))

    def _open(self, name: str) -> BufferedReader:
        # A zip's own reading of lines is slow.
        part: Any = self._zipped.open(_PARTS.format(name))
        return BufferedReader(part, _BITE)


@contextmanager
def written(path: Path) -> Iterator[Writing]:
    """A backup under a name of its own until it is whole, and readable by its owner alone: it holds keys of records,
    and changes that wait."""
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    partial = Path(name)
    try:
        with open(handle, "wb") as file:
            with ZipFile(file, "w", ZIP_DEFLATED) as zipped:
                yield Writing(zipped)
            file.flush()
            os.fsync(file.fileno())
        partial.replace(path)
    except BaseException:
        partial.unlink()
        raise


@contextmanager
def opened(path: Path) -> Iterator[Archive]:
    """A backup to be read; raises BadArchive, or OSError."""
    with _telling():
        zipped = ZipFile(path)
    with zipped:
        yield Archive(zipped)


def _lines(columns: list[str], rows: Iterable[list[Any]]) -> Iterator[bytes]:
    yield orjson.dumps(columns, option=orjson.OPT_APPEND_NEWLINE)
    for row in rows:
        yield orjson.dumps(row, option=orjson.OPT_APPEND_NEWLINE)


def _manifest(text: bytes) -> Manifest:
    try:
        found = Manifest.model_validate_json(text)
    except ValidationError:
        raise BadArchive("its manifest cannot be read") from None
    if found.format != _FORMAT:
        raise BadArchive("it is of another format, perhaps a newer one")
    return found


@contextmanager
def _telling() -> Iterator[None]:
    try:
        yield
    except _BROKEN:
        raise BadArchive("it is no backup, or parts of it are missing or damaged") from None
