"""Topic names and audiences: `<env>.<division>.<kind>.<dataset>.v<major>.<audience>`."""

from dataclasses import dataclass
from enum import StrEnum


class Audience(StrEnum):
    """The closed list of who may read a topic; CONTROL carries control records beside the three."""

    PUBLIC = "public"
    SHARED = "shared"
    GRANTED = "granted"
    CONTROL = "control"


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
        environment, division, kind, dataset, major, audience = name.split(".")
        return cls(
            environment, division, f"{kind}.{dataset}", int(major.removeprefix("v")), Audience(audience)
        )
