"""A clock that tests move by hand; for suites of nodes that take one."""

from dataclasses import dataclass, field
from datetime import UTC, datetime


@dataclass
class Clock:
    """Stands at the moment of its making until a test moves it."""

    now: datetime = field(default_factory=lambda: datetime.now(UTC))

    def __call__(self) -> datetime:
        return self.now
