"""What the relay publishes: one feed for each dataset, with the topics of all its majors and audiences; made by `main`
from the department's mappings."""

from collections.abc import Iterable
from dataclasses import dataclass

from schemas.contracts.model import Contract, SharingClass
from schemas.wire.topics import RECORD_AUDIENCES, Audience, Topic
from services.engine.capture.captured import Captured, captures
from services.engine.capture.naming import Namer
from services.engine.mapping.model import Mapping
from services.engine.settings import Settings


@dataclass(frozen=True, slots=True)
class Channel:
    """One topic. `items` are what its events show; `watched` are those whose change raises an event: the same, but for
    the audience `granted`, which learns that something changed that some grant may show, and fetches it."""

    topic: str
    audience: Audience
    items: tuple[str, ...]
    watched: tuple[str, ...]
    event_time: str | None


@dataclass(frozen=True, slots=True)
class Major:
    """One major of a dataset: how its rows read, and where they go."""

    mapping: Mapping
    channels: tuple[Channel, ...]


@dataclass(frozen=True, slots=True)
class Feed:
    """One dataset of this node."""

    source: str
    captured: Captured
    namer: Namer
    majors: tuple[Major, ...]

    @property
    def dataset(self) -> str:
        return self.captured.dataset

    @property
    def topics(self) -> dict[str, int]:
        """Partitions by topic."""
        return {
            channel.topic: major.mapping.contract.partitions
            for major in self.majors
            for channel in major.channels
        }


def feeds_of(mappings: Iterable[Mapping], settings: Settings, secret: bytes) -> tuple[Feed, ...]:
    """The feeds of a department, by dataset."""
    by_major = sorted(mappings, key=lambda one: one.contract.major)
    return tuple(
        _feed(
            captured, [one for one in by_major if one.contract.dataset == captured.dataset], settings, secret
        )
        for captured in captures(by_major)
    )


def _feed(captured: Captured, mappings: list[Mapping], settings: Settings, secret: bytes) -> Feed:
    majors = tuple(
        Major(one, tuple(_channel(one.contract, settings, audience) for audience in RECORD_AUDIENCES))
        for one in mappings
    )
    return Feed(settings.node_id, captured, Namer(mappings[0], secret), majors)


def _channel(contract: Contract, settings: Settings, audience: Audience) -> Channel:
    items = _seen(contract, audience)
    grantable = tuple(
        name
        for name, item in contract.items.items()
        if item.sharing.sharing_class is not SharingClass.WITHHELD
    )
    # Whoever may fetch a record under a grant is a member.
    timed = _seen(contract, Audience.PUBLIC if audience is Audience.PUBLIC else Audience.SHARED)
    return Channel(
        topic=str(Topic(settings.environment, settings.division, contract.dataset, contract.major, audience)),
        audience=audience,
        items=items,
        watched=grantable if audience is Audience.GRANTED else items,
        event_time=contract.event_time_item if contract.event_time_item in timed else None,
    )


def _seen(contract: Contract, audience: Audience) -> tuple[str, ...]:
    """The items that an audience's events show. `granted` shows none: what a grant allows differs from one to another,
    so its holder fetches the record under it."""
    if audience is Audience.PUBLIC:
        return tuple(name for name, item in contract.items.items() if item.open)
    if audience is Audience.SHARED:
        return tuple(
            name
            for name, item in contract.items.items()
            if item.sharing.sharing_class is SharingClass.UNCONDITIONAL
        )
    return ()
