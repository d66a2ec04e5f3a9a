"""What shows that a record was corrected: its item as its department answers it now, and its version on the topic; for
the desk of corrections."""

import hmac
import logging
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Protocol

import orjson

from schemas.contracts.model import SharingClass
from schemas.law.sharing.correction import Corrected, Look, Version
from schemas.wire.topics import Audience, Topic
from services.departments.data_office.asking import Asking, Complaint, Seen, missing

if TYPE_CHECKING:
    from ssl import SSLContext

#: By so much may the clock of whoever publishes be behind the office's.
_LEEWAY = timedelta(hours=1)
_SALT_BYTES = 16
_log = logging.getLogger("langqiao.engine")


class Proofs(Protocol):
    """Looks at what departments answer and publish."""

    async def of(self, complaint: Complaint, since: datetime) -> Corrected | None:
        """The version of the record that is published and answered now, beside what the office saw before; None where
        none was published since, which is when it was filed by the office's own clock (aware). Problem source-missing
        where the department cannot be asked, or its topic not be read."""
        ...

    async def look(self, complaint: Complaint) -> Look | None:
        """What the department answers while nothing is corrected; None where it shows no such record. Problem
        source-missing."""
        ...


@dataclass(frozen=True, slots=True)
class Digests:
    """Keyed digests of values, so that what a record held can be compared, and is kept nowhere."""

    secret: bytes

    def of(self, value: object) -> dict[str, str]:
        """A new digest of a value as it stands in an answer's JSON."""
        salt = secrets.token_hex(_SALT_BYTES)
        return {"salt": salt, "digest": self._made(salt, value)}

    def fits(self, digest: Mapping[str, str], value: object) -> bool:
        """Whether it is a digest of this value."""
        return hmac.compare_digest(digest.get("digest", ""), self._made(digest.get("salt", ""), value))

    def _made(self, salt: str, value: object) -> str:
        return hmac.digest(self.secret, f"{salt}\0".encode() + orjson.dumps(value), "sha256").hex()


@dataclass(frozen=True, slots=True)
class AtTheBridge:
    """Asks the department's node, and reads the topics at the broker."""

    asking: Asking
    digests: Digests
    environment: str
    bootstrap: str
    broker: "SSLContext | None"

    async def look(self, complaint: Complaint) -> Look | None:
        seen = await self.asking.look(complaint)
        if seen is None:
            return None
        receipt = seen.receipt
        return Look(seen.version, self.digests.of(seen.value), receipt.node, receipt.number, receipt.hash)

    async def of(self, complaint: Complaint, since: datetime) -> Corrected | None:
        seen, before = await self.asking.look(complaint), complaint.look
        if seen is None or (before is not None and seen.version.order <= before.version.order):
            return None
        if not await self._published(complaint, seen.version, since):
            return None
        return Corrected(seen.version, frozenset({complaint.item} if self._differs(complaint, seen) else ()))

    def _differs(self, complaint: Complaint, seen: Seen) -> bool:
        """Whether the value is another than the one that the office saw before."""
        return complaint.look is not None and not self.digests.fits(complaint.look.was, seen.value)

    async def _published(self, complaint: Complaint, version: Version, since: datetime) -> bool:
        """Whether the topic has shown that version, or a later one; what was published before it was filed mends
        nothing. A topic with a grant's audience tells of every change of what is shared, and holds nothing else."""
        from services.client.newest import newest
        from services.client.topics import CannotFollow

        contract, division = complaint.contract, complaint.provider.partition(".")[0]
        topic = Topic(self.environment, division, contract.dataset, contract.major, _audience(complaint))
        begin = since - _LEEWAY
        try:
            found = await newest(
                self.bootstrap, str(topic), contract.partitions, complaint.record, begin, self.broker
            )
        except CannotFollow as fault:
            _log.warning("whether %s is corrected is not known: %s", complaint.grant, fault)
            raise missing(complaint, "its topic cannot be read now") from None
        return found is not None and found.order >= version.order


def _audience(complaint: Complaint) -> Audience:
    """The audience that is told of a change of the item."""
    shared = complaint.contract.items[complaint.item].sharing.sharing_class
    return Audience.SHARED if shared is SharingClass.UNCONDITIONAL else Audience.GRANTED
