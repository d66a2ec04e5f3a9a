"""The topics that follow from a contract at a department: names and partitions; read by the directory and by `acls`."""

from schemas.contracts.model import Contract
from schemas.wire.projection import audiences
from schemas.wire.topics import Audience, Topic

#: Control records are read in the order in which they were written.
CONTROL_PARTITIONS = 1


def topics_of(contract: Contract, environment: str, division: str) -> dict[Topic, int]:
    """Partitions by topic: one topic for each audience that ever learns anything, and the major's control topic."""
    to = (environment, division, contract.dataset, contract.major)
    found = {Topic(*to, audience): contract.partitions for audience in audiences(contract)}
    return {**found, Topic(*to, Audience.CONTROL): CONTROL_PARTITIONS}
