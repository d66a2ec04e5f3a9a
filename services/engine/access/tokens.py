"""Checked tokens, remembered: a token serves many calls, and checking its signature costs more than a read."""

from collections import OrderedDict
from datetime import datetime

from schemas.trust import token
from schemas.trust.model import Caller
from schemas.trust.registry import Registry


class TokenCache:
    """Callers by token text, least recently used dropped first; a token is forgotten when it expires."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._known: OrderedDict[str, tuple[Caller, float]] = OrderedDict()

    def caller(self, text: str, registry: Registry, now: datetime) -> Caller:
        """Who the token speaks for; Problem bad-token."""
        known = self._known.get(text)
        if known is not None and now.timestamp() < known[1]:
            self._known.move_to_end(text)
            return known[0]
        self._known.pop(text, None)
        caller = token.check(text, registry, now)
        self._known[text] = (caller, token.expires_at(text))
        if len(self._known) > self._size:
            self._known.popitem(last=False)
        return caller

    def clear(self) -> None:
        """Forget all: the registry has changed."""
        self._known.clear()
