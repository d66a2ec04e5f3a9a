"""What shows that a record was corrected: its item as its department answers it now, and that its topic has told of it;
for the desk of corrections."""

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
from schemas.trust.log_page import PageAsk
from schemas.wire.event import Event
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
        """By which version what is answered now is published, beside what the office saw before; None where it is not,
        since, which is when it was filed by the office's own clock (aware). Problem source-missing where the
        department cannot be asked, or its topic not be read."""
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
        before = complaint.look
        # By the node that showed it before: another one counts versions of its own.
        seen = None if before is None else (await self.asking.at(complaint, before.node)).seen
        if before is None or seen is None or seen.version.order <= before.version.order:
            return None
        published = await self._published(complaint, before.version, seen, since)
        if published is None:
            return None
        differs = not self.digests.fits(before.was, seen.value)
        return Corrected(published, frozenset({complaint.item} if differs else ()))

    async def _published(
        self, complaint: Complaint, before: Version, seen: Seen, since: datetime
    ) -> Version | None:
        """By which version what is seen now stands on the item's topic; None while it does not.

        Of changes of which its audience learns nothing there are no events, so the record may have gone on since the
        newest one. Where that shows the item, values are compared. Where it shows none, as for grants, the department
        says whether more is to come: it is its word alone, too, that such an event tells of the item.
        """
        found = await self._newest(complaint, since)
        if found is None or found.order <= before.order:
            return None
        if found.data is not None and complaint.item in found.data:
            return Version(*found.order) if found.data[complaint.item] == seen.value else None
        told = found.order >= seen.version.order or await self._all_told(complaint, seen)
        return seen.version if told else None

    async def _all_told(self, complaint: Complaint, seen: Seen) -> bool:
        """Whether nothing that had changed when the department answered is still on its way to a topic."""
        ask = PageAsk(complaint.contract.dataset, limit=1, record=complaint.record)
        return (await self.asking.log_page(complaint, seen.receipt.node, ask)).told

    async def _newest(self, complaint: Complaint, since: datetime) -> Event | None:
        """The record's newest event on the topic of those that are told of the item; what was published before it was
        filed mends nothing. Problem source-missing."""
        from services.client.newest import newest
        from services.client.topics import CannotFollow

        contract, division = complaint.contract, complaint.provider.partition(".")[0]
        topic = Topic(self.environment, division, contract.dataset, contract.major, _audience(complaint))
        begin = since - _LEEWAY
        try:
            return await newest(
                self.bootstrap, str(topic), contract.partitions, complaint.record, begin, self.broker
            )
        except CannotFollow as fault:
            _log.warning("whether %s is corrected is not known: %s", complaint.grant, fault)
            raise missing(complaint, "its topic cannot be read now") from None


def _audience(complaint: Complaint) -> Audience:
    """The audience that is told of a change of the item."""
    shared = complaint.contract.items[complaint.item].sharing.sharing_class
    return Audience.SHARED if shared is SharingClass.UNCONDITIONAL else Audience.GRANTED
