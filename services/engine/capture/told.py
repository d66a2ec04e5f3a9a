"""What each audience was last told of a record, as a digest per channel; kept by the relay when it numbers a change,
asked when the next one comes, so that nothing is told twice for nothing."""

import hashlib
from base64 import urlsafe_b64encode
from collections.abc import Mapping, Sequence
from functools import cache

import orjson
from sqlalchemy import Connection, Insert, Text, delete, select, true

from services.engine.capture.given import bound, given
from services.engine.capture.tables import engine_tables
from services.engine.capture.upsert import insert

#: By channel label, such as `v1.public`.
Digests = Mapping[str, str]

#: The label of the digest of the row itself, as capture keeps it: where that is the same, all are.
AS_STORED = "row"
#: The label of what stands for the pseudonym key under whose record id it was told; without one it is the first key.
KEY = "key"
#: Of 72 bits: two versions of one record hardly ever share it, and a record has a digest for each channel.
_DIGEST_BYTES = 9

#: A record by dataset and raw key.
Record = tuple[str, str]


def digest_of(body: bytes) -> str:
    """The digest of a projection's JSON."""
    return urlsafe_b64encode(hashlib.sha256(body).digest()[:_DIGEST_BYTES]).decode()


def is_known(known: Digests | None, row: str) -> bool:
    """Whether the very row, as capture JSON, is what was last told: seen without looking into it."""
    return known is not None and known.get(AS_STORED) == digest_of(row.encode())


def get(connection: Connection, dataset: str, keys: Sequence[str]) -> dict[str, Digests]:
    """By raw key, for those of the records of which anything stands told."""
    told = engine_tables(connection.dialect.name).told
    mine = select(told.c.raw_key, told.c.digests).where(told.c.dataset == dataset, told.c.raw_key.in_(keys))
    return {key: orjson.loads(text) for key, text in connection.execute(mine)}


def put(connection: Connection, known: Mapping[Record, Digests]) -> None:
    """Keep what audiences are now told of some records; where it is nothing, forget the record."""
    told = engine_tables(connection.dialect.name).told
    gone = [record for record, digests in known.items() if not digests]
    for dataset in {dataset for dataset, _ in gone}:
        keys = [key for of, key in gone if of == dataset]
        connection.execute(delete(told).where(told.c.dataset == dataset, told.c.raw_key.in_(keys)))
    stand = [
        {"dataset": dataset, "raw_key": key, "digests": orjson.dumps(digests).decode()}
        for (dataset, key), digests in known.items()
        if digests
    ]
    if stand:
        connection.execute(_putting(connection.dialect.name), bound(stand))


@cache
def _putting(dialect: str) -> Insert:
    told, said = engine_tables(dialect).told, given(dialect, dataset=Text(), raw_key=Text(), digests=Text())
    # Said with WHERE, since SQLite would take ON CONFLICT for a join's else.
    fresh = insert(dialect, told).from_select(["dataset", "raw_key", "digests"], select(said).where(true()))
    return fresh.on_conflict_do_update(
        index_elements=["dataset", "raw_key"], set_={"digests": fresh.excluded.digests}
    )
