"""Who may read and write which topic, from contracts, registry and grants, as a list of plain values; the directory
puts it into force at a broker."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from schemas.contracts.model import Contract
from schemas.derived.topics import topics_of
from schemas.trust.grants import Grants
from schemas.trust.model import Role
from schemas.trust.registry import Registry
from schemas.wire.projection import shows_members
from schemas.wire.topics import Audience, Topic, registry_topic

EVERYBODY = "*"


@dataclass(frozen=True, slots=True, order=True)
class Right:
    """One line of a broker's access list, which allows; the words are Kafka's own, in small letters.

    `resource` is topic or group, `pattern` literal or prefixed, `principal` a system, a department (its relay) or
    EVERYBODY. Who may read or write a topic may also describe it.
    """

    resource: str
    name: str
    pattern: str
    principal: str
    operation: str
    host: str = "*"

    def __str__(self) -> str:
        further = "*" if self.pattern == "prefixed" else ""
        at = "" if self.host == "*" else f" from {self.host}"
        return f"{self.principal} may {self.operation} {self.resource} {self.name}{further}{at}"


@dataclass(frozen=True, slots=True)
class Publisher:
    """One department at the broker: its id, the contracts that it publishes, and the grants that it honours."""

    department: str
    contracts: tuple[Contract, ...]
    grants: Grants = field(default_factory=Grants)

    @property
    def division(self) -> str:
        return self.department.partition(".")[0]

    def retired(self, contract: Contract, now: datetime) -> bool:
        """Whether the contract's major is no more at an aware time."""
        ending = self.grants.retiring.get((contract.dataset, contract.major))
        return ending is not None and ending.is_over(now)


def rights(
    environment: str, publishers: Iterable[Publisher], registry: Registry | None, now: datetime
) -> list[Right]:
    """Every right under an environment, sorted.

    Public topics are everybody's, shared topics every member's, granted topics those members' who hold a grant on all
    the dataset's records now. A control topic is every member's where members see anything of the records, else the
    granted one's readers': it tells how many records there are. Each department's relay writes and reads its own
    topics, and makes none; its service reads the registry's, which the operator alone writes. An expired registry has
    no members, expired grants allow nothing: as at the departments themselves. Of a major that was retired nobody but
    its relay reads a topic.
    """
    members = _systems(registry, now)
    found: set[Right] = set()
    for publisher in publishers:
        found.add(Right("topic", registry_topic(environment), "literal", publisher.department, "read"))
        for contract in publisher.contracts:
            holders = _holders(publisher, contract.dataset, now)
            granted = [system for system, member in members.items() if member in holders]
            readers: Mapping[Audience, Iterable[str]] = {
                Audience.PUBLIC: (EVERYBODY,),
                Audience.SHARED: members,
                Audience.GRANTED: granted,
                Audience.CONTROL: members if shows_members(contract) else granted,
            }
            for topic in topics_of(contract, environment, publisher.division):
                of_it = _of_topic(topic, publisher.department, readers[topic.audience])
                own = publisher.retired(contract, now)
                found |= {one for one in of_it if not own or one.principal == publisher.department}
    return sorted(found | {_of_group(environment, system) for system in members})


def _of_topic(topic: Topic, department: str, readers: Iterable[str]) -> Iterator[Right]:
    name = str(topic)
    yield from (Right("topic", name, "literal", reader, "read") for reader in (department, *readers))
    yield Right("topic", name, "literal", department, "write")


def _of_group(environment: str, system: str) -> Right:
    """A system's consumer groups are those whose names begin so; the dot keeps one system's from another's."""
    return Right("group", f"{environment}.{system}.", "prefixed", system, "read")


def _systems(registry: Registry | None, now: datetime) -> dict[str, str]:
    """Members by system; gateways and nodes read no topic, for they keep no record."""
    if registry is None or now >= registry.expires:
        return {}
    asking = (one for one in registry.members.values() if one.role is Role.SYSTEM)
    # A member of that name would be everybody.
    return {one.system: one.id for one in asking if one.system != EVERYBODY}


def _holders(publisher: Publisher, dataset: str, now: datetime) -> set[str]:
    """Members who hold a grant on a dataset of this department, on all its records.

    A topic tells of all of them. Whose grant is for some rows, or for cases alone, would learn there of the others, if
    only that they are and that they change; such a member reads its records under the grant.
    """
    grants = publisher.grants
    if grants.expires is None or now >= grants.expires:
        return set()
    return {
        one.member
        for one in grants.by_id.values()
        if one.dataset == dataset
        and one.rows is None
        and not one.case_required
        and one.provider in (None, publisher.department)
        and one.not_before <= now < one.expires
    }
