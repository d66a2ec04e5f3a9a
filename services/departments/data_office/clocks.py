"""The office's two clocks: security time, which nobody moves, and civil time, which a demo moves ahead."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from schemas.law.sharing.limits import legal_day


@dataclass(slots=True)
class Clocks:
    """`security` says when something is recorded and signed; civil time says which legal day it is. Civil time is
    `ahead` of it where it is `movable`, and never behind: what was done stays done."""

    security: Callable[[], datetime]
    movable: bool = False
    ahead: timedelta = timedelta()

    def civil(self) -> datetime:
        return self.security() + self.ahead

    def today(self) -> date:
        """The legal day, that of Asia/Shanghai."""
        return legal_day(self.civil())
