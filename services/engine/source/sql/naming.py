"""Record ids and the keys they stand for; called by `source`."""

from schemas.wire.record_id import record_id
from services.engine.capture.keys import stored_key
from services.engine.source.port import Key
from services.engine.source.sql import write_statements as write
from services.engine.source.sql.driver import Ask, Steps
from services.engine.source.sql.layout import Layout

#: Records named in one transaction, which must be short.
NAMED_AT_A_TIME = 500


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
