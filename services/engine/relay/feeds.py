"""What the relay publishes: one feed for each dataset, with the topics of all its majors and audiences; made by `main`
from the department's mappings."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace

from schemas.contracts.model import Contract
from schemas.wire.projection import audiences, shown_to, watched_for
from schemas.wire.topics import Audience, Topic
from services.engine.capture.captured import Captured, captures
from services.engine.capture.naming import Namer
from services.engine.mapping.model import Mapping
from services.engine.pseudonym_keys import PseudonymKeys, only
from services.engine.settings import Settings


@dataclass(frozen=True, slots=True)
class Channel:
    """One topic, by its label within the dataset, such as `v1.public`. `items` are what its events show; `watched` are
    those whose change raises an event: the same, but for the audience `granted`, which learns that something changed
    that some grant may show, and fetches it."""

    label: str
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
    control_topic: str


@dataclass(frozen=True, slots=True)
class Feed:
    """One dataset of this node. Of its `majors` those that its office has `ended` are told no more."""

    source: str
    captured: Captured
    namer: Namer
    majors: tuple[Major, ...]
    ended: frozenset[int] = frozenset()

    @property
    def dataset(self) -> str:
        return self.captured.dataset

    @property
    def topics(self) -> dict[str, int]:
        """Partitions by topic. Control records are few, and in one order."""
        channels = {
            channel.topic: major.mapping.contract.partitions
            for major in self.majors
            for channel in major.channels
        }
        return {**channels, **{major.control_topic: 1 for major in self.majors}}


def going_on(feeds: Iterable[Feed], over: Collection[tuple[str, int]]) -> tuple[Feed, ...]:
    """The feeds without the majors, by dataset and number, that are over."""
    return tuple(
        _without(feed, {major for dataset, major in over if dataset == feed.dataset}) for feed in feeds
    )


def _without(feed: Feed, over: Collection[int]) -> Feed:
    left = tuple(one for one in feed.majors if one.mapping.contract.major not in over)
    return replace(feed, majors=left, ended=frozenset(over))


def majors_of(feeds: Iterable[Feed]) -> dict[str, list[int]]:
    """The majors that each dataset is served in."""
    return {one.dataset: [major.mapping.contract.major for major in one.majors] for one in feeds}


def keys_of(feeds: Sequence[Feed]) -> PseudonymKeys:
    """The keys that all feeds of a department are named by."""
    return feeds[0].namer.keys


def feeds_of(
    mappings: Iterable[Mapping], settings: Settings, keys: PseudonymKeys | bytes
) -> tuple[Feed, ...]:
    """The feeds of a department, by dataset. `keys` make record ids: those of the node, or one that stays."""
    named_by = only(keys) if isinstance(keys, bytes) else keys
    by_major = sorted(mappings, key=lambda one: one.contract.major)
    return tuple(
        _feed(
            captured,
            [one for one in by_major if one.contract.dataset == captured.dataset],
            settings,
            named_by,
        )
        for captured in captures(by_major)
    )


def _feed(captured: Captured, mappings: list[Mapping], settings: Settings, keys: PseudonymKeys) -> Feed:
    majors = tuple(
        Major(
            one,
            tuple(_channel(one.contract, settings, audience) for audience in audiences(one.contract)),
            _topic(one.contract, settings, Audience.CONTROL),
        )
        for one in mappings
    )
    return Feed(settings.node_id, captured, Namer(mappings[0], keys), majors)


def _channel(contract: Contract, settings: Settings, audience: Audience) -> Channel:
    # Whoever may fetch a record under a grant is a member.
    timed = shown_to(contract, Audience.PUBLIC if audience is Audience.PUBLIC else Audience.SHARED)
    return Channel(
        label=f"v{contract.major}.{audience}",
        topic=_topic(contract, settings, audience),
        audience=audience,
        items=shown_to(contract, audience),
        watched=watched_for(contract, audience),
        event_time=contract.event_time_item if contract.event_time_item in timed else None,
    )


def _topic(contract: Contract, settings: Settings, audience: Audience) -> str:
    return str(Topic(settings.environment, settings.division, contract.dataset, contract.major, audience))
