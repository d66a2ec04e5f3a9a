"""Topic names and audiences: `<env>.<division>.<kind>.<dataset>.v<major>.<audience>`, and `<env>.registry`."""

import re
from dataclasses import dataclass
from enum import StrEnum

_NAME = re.compile(
    r"([a-z0-9_]+)\.(\d{6})\.([a-z][a-z0-9_]*\.[a-z][a-z0-9_]*)\.v([1-9]\d{0,5})\.([a-z]+)", re.ASCII
)


class Audience(StrEnum):
    """The closed list of who may read a topic; CONTROL carries control records beside the three."""

    PUBLIC = "public"
    SHARED = "shared"
    GRANTED = "granted"
    CONTROL = "control"


#: One, for a registry and the word on it are read in the order in which they were published.
REGISTRY_PARTITIONS = 1
#: The audiences that carry records.
RECORD_AUDIENCES = (Audience.PUBLIC, Audience.SHARED, Audience.GRANTED)


@dataclass(frozen=True, slots=True)
class Topic:
    """One topic, by its parts; `dataset` is `<kind>.<name>`."""

    environment: str
    division: str
    dataset: str
    major: int
    audience: Audience

    def __str__(self) -> str:
        return f"{self.environment}.{self.division}.{self.dataset}.v{self.major}.{self.audience}"

    @classmethod
    def parse(cls, name: str) -> "Topic":
        """Read a topic's name back; ValueError when it is not one of ours."""
        found = _NAME.fullmatch(name)
        if found is None:
            raise ValueError("a topic is <env>.<division>.<kind>.<dataset>.v<major>.<audience>")
        environment, division, dataset, major, audience = found.groups()
        return cls(environment, division, dataset, int(major), Audience(audience))


def registry_topic(environment: str) -> str:
    """The topic on which the authority publishes the member registry, and words on it: one partition, compacted."""
    return f"{environment}.registry"
