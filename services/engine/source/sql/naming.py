"""Record ids and the keys they stand for, by the engine's own rows; called by `source`."""

from collections.abc import Sequence

from services.engine.capture.database import DatabaseAway, open_database
from services.engine.capture.keys import stored_key
from services.engine.capture.naming import Namer, name_some
from services.engine.mapping.model import Mapping
from services.engine.pseudonym_keys import PseudonymKeys
from services.engine.source.port import Key, SourceAway
from services.engine.source.sql.layout import Layout

#: Records named in one transaction, which must be short.
_AT_A_TIME = 500


def decoded_key(layout: Layout, raw: str) -> Key:
    """The key of a raw key."""
    codecs = (layout.field(item).codec for item in layout.key)
    return tuple(codec.decode(stored) for codec, stored in zip(codecs, stored_key(raw), strict=True))


class Naming:
    """Names records before the relay does, for somebody who asks for an id that nobody knows yet.

    `mappings` are those of each dataset's lowest major. Connects when it is first needed.
    """

    def __init__(self, url: str, mappings: Sequence[Mapping], keys: PseudonymKeys) -> None:
        self._database = open_database(url)
        self._keys = keys
        self._namers = {one.contract.dataset: Namer(one, keys) for one in mappings}

    async def some(self, dataset: str) -> int:
        """Give ids to some of the dataset's records that have none, and say to how many; raises SourceAway."""
        self._keys.look()
        if self._keys.lost:
            return 0
        try:
            return await self._database.write(name_some, self._namers[dataset], dataset, _AT_A_TIME)
        except DatabaseAway as fault:
            raise SourceAway from fault

    async def close(self) -> None:
        await self._database.close()
