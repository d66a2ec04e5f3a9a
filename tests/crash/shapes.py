"""What is wrong with the items that events show where a contract has gained some in the middle of a run, and with the
snapshots that were taken for that; asked by `findings`."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from schemas.wire import control
from schemas.wire.control import SnapshotStarted
from schemas.wire.event import Event
from services.engine.capture import snapshot
from services.engine.relay.feeds import Channel, feeds_of
from services.engine.settings import Settings
from tests import workshop
from tests.crash.contracts import formerly
from tests.crash.scenario import Scenario
from tests.flow.events.checker import Told, gone_back

#: A relay wants one snapshot when it begins to tell by other contracts than the one before it. Two more may be begun
#: by one that was overtaken and has not seen it yet.
_SNAPSHOTS_OF_A_RELAY = 3

#: An event of the contract before, of the one of now, and one that shows no items, or the same by either.
_BEFORE, _NOW, _EITHER = "before", "now", "either"


#: A record's id with (epoch, version).
Version = tuple[str, tuple[int, int]]


@dataclass(frozen=True)
class Shapes:
    """A channel as it is by the contract of now and by the one before; the same twice where nothing has changed."""

    now: Channel
    before: Channel

    def apart(self, told: Sequence[Told], events: Sequence[Event]) -> list[Told]:
        """The same, but that what was told of one version by either contract is kept apart: only what was told twice by
        one of them must be alike."""
        return [
            replace(one, subject=f"{one.subject}, by the contract {self._of(event)},")
            for one, event in zip(told, events, strict=True)
        ]

    def wrong(self, events: Sequence[Event], scenario: Scenario) -> Iterator[str]:
        """`events` in the order of the topic."""
        of_version: dict[tuple[str, tuple[int, int]], dict[str, Any]] = {}
        renewed: set[str] = set()
        for one in events:
            shape = self._of(one)
            first = of_version.setdefault((one.subject, one.order), {})
            if not first and shape == _BEFORE and one.subject in renewed and not scenario.turns_back:
                yield f"{one.subject} {one.order} is told by the contract before, after one of now was"
            if shape == _NOW:
                renewed.add(one.subject)
            first.setdefault(shape, one.data)
        for (subject, order), told in of_version.items():
            if _BEFORE in told and _NOW in told and not told[_BEFORE].items() <= told[_NOW].items():
                yield f"{subject} {order} is told by two contracts in two states"
            if told.get("", None) is not None:
                yield f"{subject} {order} shows items of no contract"

    def late(
        self, told: Sequence[Told], events: Sequence[Event], elsewhere: Collection[Version] = ()
    ) -> set[Version]:
        """Versions that were first told after newer ones, and by the contract before: what a relay by it had sent when
        it was frozen, and its successor could not tell, since what was noted lacks a column. Where either contract
        shows the same, those alone that are told like that `elsewhere`."""
        first: dict[Version, Event] = {}
        for one in events:
            first.setdefault((one.subject, one.order), one)
        back = {(one.subject, one.order): self._of(first[one.subject, one.order]) for one in gone_back(told)}
        return {one for one, of in back.items() if of == _BEFORE or (of == _EITHER and one in elsewhere)}

    def _of(self, event: Event) -> str:
        if event.data is None or self.now.items == self.before.items:
            return _EITHER
        shapes = {frozenset(self.now.items): _NOW, frozenset(self.before.items): _BEFORE}
        return shapes.get(frozenset(event.data), "")


def former_channels(settings: Settings) -> dict[str, Channel]:
    """By topic, as they are by the contracts before."""
    feeds = feeds_of(formerly(), settings, workshop.SECRET)
    return {one.topic: one for feed in feeds for major in feed.majors for one in major.channels}


def walked_too_often(dataset: str, told: Sequence[Event], scenario: Scenario, relays: int) -> Iterator[str]:
    """Two relays of two contracts must not make each other take snapshots without end; `told` are the control records,
    `relays` how many have lived."""
    started = [
        control.read(one, SnapshotStarted) for one in told if control.kind_of(one) == control.SNAPSHOT_STARTED
    ]
    for_items = {one.id for one in started if one.reason == snapshot.OTHER_ITEMS}
    changes = scenario.renewed is not None and dataset == workshop.TOOLS
    if len(for_items) > (_SNAPSHOTS_OF_A_RELAY * relays if changes else 0):
        yield f"{dataset}: {len(for_items)} snapshots were taken because channels show other items"
