"""Which messages came already: each may come once; asked by every node after a message's signature was checked."""

from collections import OrderedDict
from collections.abc import Iterable
from datetime import UTC, datetime

from schemas.trust.message import Sent

#: Key and nonce of a message.
_Name = tuple[str, str]


class Replays:
    """Remembers a message for as long as it could be sent again, and no longer. Not shared between threads.

    What came before a restart is told to it by `remember`, as far as it was answered: of a message that was refused
    nothing is kept beyond this memory, so after a restart it is judged anew. Nothing was disclosed by it, and what may
    be by its repetition is what its sender asked for, once.
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

    def remember(self, messages: Iterable[str]) -> None:
        """Messages that came before, as access entries name them (`Sent`), older ones first."""
        for text in messages:
            key_id, nonce, until = text.split(":")
            self._until[key_id, nonce] = datetime.fromtimestamp(int(until), UTC)

    def _forget(self, now: datetime) -> None:
        """From the oldest on. Messages come nearly in the order of their times; what stands behind a younger one is
        forgotten with that, a little late."""
        while self._until:
            name, until = next(iter(self._until.items()))
            if until > now:
                return
            del self._until[name]
