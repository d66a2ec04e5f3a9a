"""Whoever asks again and again while keys follow one another under way; for stories that promise that no call fails."""

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from threading import Event, Thread
from typing import Any

import orjson

from schemas.wire import headers as names
from services.client.bridge import Bridge
from services.client.profile import Profile
from tests.waiting import until_sync


@dataclass
class Load:
    """Asks one question at an address. `failed` says what was not a good answer: none at all, or another than
    `expected` where that is given; `receipts` came with the others."""

    profile: Profile
    address: str
    dataset: str
    question: Mapping[str, object]
    expected: Any = None
    failed: list[str] = field(default_factory=list)
    receipts: list[str] = field(default_factory=list)
    calls: int = 0
    _enough: Event = field(default_factory=Event)

    @contextmanager
    def on(self) -> Iterator[None]:
        thread = Thread(target=self._ask_on, daemon=True)
        thread.start()
        try:
            yield
        finally:
            self._enough.set()
            thread.join()

    def go_on(self, calls: int = 20) -> None:
        """Return after so many further answers."""
        until = self.calls + calls
        until_sync(lambda: self.failed or self.calls > until, 60.0, "it goes on")

    def _ask_on(self) -> None:
        path = f"/records/{self.dataset.replace('.', '/')}/query"
        with Bridge(self.profile, base_url=self.address) as bridge:
            while not self._enough.is_set():
                try:
                    said = {"Content-Type": names.JSON}
                    answer, data = bridge.exchange("POST", path, said, orjson.dumps(self.question))
                    if self.expected is not None and data != self.expected:
                        self.failed.append(f"another answer: {len(data)} records")
                    self.receipts += [one for one in [answer.headers.get(names.RECEIPT)] if one]
                    self.calls += 1
                except Exception as fault:
                    self.failed.append(repr(fault))


@contextmanager
def all_on(*loads: Load) -> Iterator[None]:
    """All of them at once; the block begins when each has had its first answer, or has failed."""
    with ExitStack() as stack:
        for one in loads:
            stack.enter_context(one.on())
        until_sync(lambda: all(one.calls or one.failed for one in loads), 60.0, "all ask")
        yield
