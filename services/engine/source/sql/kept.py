"""Things made once and kept within a bound of their size, so that ever new questions fill no memory; used by `source`
for its statements."""

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

V = TypeVar("V")


class Kept(Generic[V]):
    """Values by key; what was not asked for longest goes first when all together pass `most`, in the unit of `size`."""

    def __init__(self, most: int, size: Callable[[V], int]) -> None:
        self._most = most
        self._size = size
        self._total = 0
        self._values: OrderedDict[Hashable, V] = OrderedDict()

    async def get(self, key: Hashable, make: Callable[[], V], *, slow: bool) -> V:
        """The value kept under the key, or else made, and kept; a slow one is made in a thread."""
        found = self._values.get(key)
        if found is not None:
            self._values.move_to_end(key)
            return found
        made = await asyncio.to_thread(make) if slow else make()
        if key not in self._values:
            self._keep(key, made)
        return made

    def _keep(self, key: Hashable, made: V) -> None:
        self._values[key] = made
        self._total += self._size(made)
        while self._total > self._most:
            _, gone = self._values.popitem(last=False)
            self._total -= self._size(gone)
