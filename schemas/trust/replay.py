"""Which messages came already: each may come once; asked by every node after a message's signature was checked."""

from collections import OrderedDict
from collections.abc import Iterable
from datetime import datetime

from schemas.trust.message import Sent

#: Key and nonce of a message.
_Name = tuple[str, str]


class Replays:
    """Remembers a message for as long as it could be sent again, and no longer. Not shared between threads.

    What came before a restart is told to it by `remember`.
    """

    def __init__(self) -> None:
        self._until: OrderedDict[_Name, datetime] = OrderedDict()

    def __len__(self) -> int:
        return len(self._until)

    def first(self, message: Sent, now: datetime) -> bool:
        """Whether this message comes for the first time; from now on it has come."""
        self._forget(now)
        name = (message.key_id, message.nonce)
        if name in self._until:
            return False
        self._until[name] = message.until
        return True

    def remember(self, messages: Iterable[tuple[str, str, datetime]]) -> None:
        """Messages that came before: key id, nonce, and until when each could be sent again."""
        for key_id, nonce, until in messages:
            self._until[key_id, nonce] = until

    def _forget(self, now: datetime) -> None:
        """From the oldest on. Messages come nearly in the order of their times; what stands behind a younger one is
        forgotten with that, a little late."""
        while self._until:
            name, until = next(iter(self._until.items()))
            if until > now:
                return
            del self._until[name]
