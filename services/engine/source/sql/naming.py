"""Record ids and the keys they stand for; called by `source`."""

from collections.abc import Iterator, Sequence
from itertools import combinations, pairwise

from schemas.contracts.model import Contract
from schemas.query.values import UnreadableValue, from_text
from schemas.wire.record_id import record_id
from services.engine.capture.keys import stored_key
from services.engine.source.port import Key
from services.engine.source.sql import write_statements as write
from services.engine.source.sql.driver import Ask, Steps
from services.engine.source.sql.layout import Layout

#: Records named in one transaction, which must be short.
NAMED_AT_A_TIME = 500
#: How many `~` a composite id may hold beyond those between its parts; each may stand within a part.
_MOST_WITHIN = 4


def public_keys(contract: Contract, text: str) -> Iterator[Key]:
    """The keys that a public record id can stand for: one, unless `~` stands within a part."""
    pieces = text.split("~")
    parts = len(contract.key)
    if parts == 1:
        cuts: Iterator[tuple[int, ...]] = iter([()])
        pieces = [text]
    elif len(pieces) > parts + _MOST_WITHIN:
        return
    else:
        cuts = combinations(range(1, len(pieces)), parts - 1)
    for cut in cuts:
        bounds = [0, *cut, len(pieces)]
        said = ["~".join(pieces[begin:end]) for begin, end in pairwise(bounds)]
        key = _typed(contract, said)
        # `007` must not be another address of the record 7.
        if key is not None and record_id(contract, key, b"") == text:
            yield key


def decoded_key(layout: Layout, raw: str) -> Key:
    """The key of a raw key; a part that cannot be read is null."""
    codecs = (layout.field(item).codec for item in layout.key)
    return tuple(codec.decode(stored) for codec, stored in zip(codecs, stored_key(raw), strict=True))


def name_some(layout: Layout, secret: bytes) -> Steps[int]:
    """Give record ids to some of the records that have none yet, and say to how many."""
    contract, dialect = layout.mapping.contract, layout.dialect
    rows = yield Ask(write.nameless_records(dialect), [contract.dataset, NAMED_AT_A_TIME])
    for (raw,) in rows:
        named = record_id(contract, decoded_key(layout, raw), secret)
        yield Ask(write.name_record(dialect), [named, contract.dataset, raw])
    return len(rows)


def _typed(contract: Contract, said: Sequence[str]) -> Key | None:
    try:
        return tuple(
            from_text(contract.items[item], text) for item, text in zip(contract.key, said, strict=True)
        )
    except UnreadableValue:
        return None
