"""What is true of a run in which the database went back to a copy of itself: what was told before is held to the ledger
of the database that was lost, what is told in the new epoch to the one that stands; asked by `findings`."""

from collections.abc import Iterable
from dataclasses import dataclass

from schemas.wire import control
from schemas.wire.event import Event
from tests.crash.ledger import Entries, transactions


@dataclass(frozen=True)
class Past:
    """The whole ledger of the database that was lost, and of the copy when it was made."""

    lost: Entries
    copied: Entries

    def lost_transactions(self) -> set[str]:
        """Committed, and gone with the database that was lost."""
        return transactions(self.lost) - transactions(self.copied)


def epoch_began(told: Iterable[Event]) -> int | None:
    """The epoch of which a dataset's control records say that it began, if any."""
    found = [one.recordepoch for one in told if control.kind_of(one) == control.EPOCH_BEGAN]
    return max(found, default=None)
