"""What a round makes of the changes that wait: which are told to whom, and which are set aside, needless or overdue;
used by `sending`."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from services.engine.capture.faults import BEHIND, NOT_OFFERED
from services.engine.capture.outbox import Change
from services.engine.capture.publishing import Round
from services.engine.capture.record import Name
from services.engine.capture.tables import CONTROL, CREATED, RETRACTED
from services.engine.capture.told import Digests, Record
from services.engine.relay.feeds import Feed
from services.engine.relay.projection import Publication, publication
from services.engine.relay.views import Misfitting, Unpublishable

#: Changes worked on at a stretch, before whatever else is due, such as the lease's renewal, gets its turn.
BREATH = 25

#: Of what nothing is told by record.
_OF_NO_RECORD = (CONTROL, RETRACTED)


@dataclass(slots=True)
class Decided:
    """The changes that have something to tell, in order, and what is to be kept of all."""

    publications: list[Publication] = field(default_factory=list)
    round: Round = field(default_factory=Round)


async def decide(changes: Sequence[Change], feeds: Mapping[str, Feed], epoch: int, dialect: str) -> Decided:
    """`changes` in the order of the outbox; `epoch` is the one that runs."""
    made = _Deciding(feeds, epoch, dialect)
    for place, change in enumerate(changes):
        if place % BREATH == 0:
            await asyncio.sleep(0)
        made.take(change)
    return made.decided


class _Deciding:
    """Change by change, since what one tells is what the next one of its record is compared with."""

    def __init__(self, feeds: Mapping[str, Feed], epoch: int, dialect: str) -> None:
        self.decided = Decided()
        self._feeds, self._epoch, self._dialect = feeds, epoch, dialect
        self._known: dict[Record, Digests] = {}
        self._stuck: set[Record] = set()

    def take(self, change: Change) -> None:
        made = self.decided.round
        if change.sequence is None and change.overtaken:
            made.needless.append(change.id)
        elif change.sequence is None and change.epoch < self._epoch and change.op not in _OF_NO_RECORD:
            made.overdue.append(change)
        elif change.sequence is not None and self._is_of_no_name(change):
            # Its record was told anew since by the key that followed, and this id of it taken back.
            made.needless.append(change.id)
        else:
            try:
                self._tell(change)
            except Misfitting:
                # What it lacks is in the table, once that fits again; till then the record's mark waits.
                made.overdue.append(change)
            except Unpublishable as reason:
                made.aside[change.id] = str(reason)
                self._stuck.add(change.record)

    def _tell(self, change: Change) -> None:
        if change.behind or change.record in self._stuck:
            raise Unpublishable(BEHIND)
        told = self._publication(change)
        if told.drafts:
            self.decided.publications.append(told)
        if change.sequence is None:
            self._keep(told)
        elif not told.drafts:
            # It was numbered for channels that are told no more.
            self.decided.round.needless.append(change.id)

    def _keep(self, told: Publication) -> None:
        made, change = self.decided.round, told.change
        if told.drafts:
            made.numbered.append((change, told.labels))
        else:
            made.needless.append(change.id)
        if told.name is not None and _is_to_be_named(told.name, change):
            made.names.append(told.name)
        if told.former is not None:
            made.former.append((change.dataset, told.former))
        if change.relieves:
            made.relieved.append(change)
        if change.op not in _OF_NO_RECORD and told.digests != self._known.get(change.record, change.digests):
            made.known[change.record] = self._known[change.record] = told.digests

    def _is_of_no_name(self, change: Change) -> bool:
        """Whether the key is gone by which the change was told before."""
        feed = self._feeds.get(change.dataset)
        if feed is None or change.op in _OF_NO_RECORD:
            return False
        return feed.namer.at(change.epoch, change.raw_key) is None

    def _publication(self, change: Change) -> Publication:
        feed = self._feeds.get(change.dataset)
        if feed is None:
            raise Unpublishable(NOT_OFFERED)
        try:
            return publication(feed, change, self._known.get(change.record, change.digests), self._dialect)
        except Unpublishable:
            raise
        except Exception as fault:
            # One record's odd row must not stop all others. The type alone: its text may hold a value.
            raise Unpublishable(type(fault).__name__) from fault


def _is_to_be_named(name: Name, change: Change) -> bool:
    """Who has named a new record already may not have known of its other ids."""
    return name.pseudonym != change.name or (bool(name.others) and change.op == CREATED)
