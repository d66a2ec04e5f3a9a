"""What shows that a record was corrected: its item as its department answers it now, and its version on the topic; for
the desk of corrections."""

import asyncio
import hmac
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Protocol

import httpx
import orjson

from schemas.contracts.model import Contract, SharingClass
from schemas.law.sharing.correction import Corrected, Version
from schemas.trust import token
from schemas.trust.keys import KeyPair
from schemas.wire import headers as names
from schemas.wire.problem import Problem
from schemas.wire.topics import Audience, Topic
from services.client.signing import Signing

if TYPE_CHECKING:
    from ssl import SSLContext

#: How long the topic may take to show the version that the department answers with, in seconds.
_TOPIC_SECONDS = 5.0
_SALT_BYTES = 16


@dataclass(frozen=True, slots=True)
class Complaint:
    """Of what a proof is asked: the item of a record at one department that was said to be wrong, under the grant that
    the office has for just this, and the digest of the wrong value."""

    grant: str
    contract: Contract
    provider: str
    record: str
    item: str
    digest: Mapping[str, str]


class Proofs(Protocol):
    """Looks at what departments answer and publish."""

    async def of(self, complaint: Complaint) -> Corrected | None:
        """The newest published version of the record; None where none can be shown. Problem source-missing where the
        department cannot be asked."""
        ...


@dataclass(frozen=True, slots=True)
class Digests:
    """Keyed digests of values, so that what was said to be wrong can be compared, and is kept nowhere."""

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
    """Asks the gateway at `url` as the office's own node, and reads the topics at the broker."""

    url: str
    office: str
    system: str
    key: KeyPair
    digests: Digests
    clock: Callable[[], datetime]
    environment: str
    bootstrap: str
    tls: "SSLContext | None"
    broker: "SSLContext | None"

    async def of(self, complaint: Complaint) -> Corrected | None:
        answered = await self._answered(complaint)
        if answered is None:
            return None
        epoch, _, number = str(answered["record_version"]).partition(".")
        version = Version(int(epoch), int(number))
        same = self.digests.fits(complaint.digest, answered[complaint.item])
        if not await self._published(complaint, version):
            return None
        return Corrected(version, frozenset() if same else frozenset({complaint.item}))

    async def _answered(self, complaint: Complaint) -> dict[str, Any] | None:
        """The record as its department answers it; None where there is no such record."""
        contract = complaint.contract
        path = f"/records/{contract.kind}/{contract.name}/lookup"
        asked = {"record_ids": [complaint.record], "select": f"record_version,{complaint.item}"}
        async with httpx.AsyncClient(
            base_url=self.url,
            auth=Signing(self.key, clock=self.clock),
            trust_env=False,
            verify=self.tls or True,
        ) as http:
            try:
                answer = await http.post(path, json=asked, headers=self._headers(complaint))
            except httpx.TransportError as fault:
                raise _missing(complaint, type(fault).__name__) from None
        if answer.status_code != httpx.codes.OK:
            raise _missing(complaint, f"{answer.status_code}")
        first = orjson.loads(answer.content.partition(b"\n")[0])
        found: list[dict[str, Any]] = first.get("records", [])
        return found[0] if found else None

    def _headers(self, complaint: Complaint) -> dict[str, str]:
        said = token.make(
            self.key,
            system=self.system,
            member=self.office,
            now=self.clock(),
            lifetime=timedelta(minutes=1),
        )
        return {
            "Authorization": f"Bearer {said}",
            names.OFFICER: self.system,
            names.PURPOSE: f"grant:{complaint.grant}",
        }

    async def _published(self, complaint: Complaint, version: Version) -> bool:
        """Whether the topic has shown that version, or a later one. A topic with a grant's audience tells of every
        change of what is shared, and holds nothing else."""
        from services.client.topics import CannotFollow, follow

        contract, division = complaint.contract, complaint.provider.partition(".")[0]
        topic = Topic(self.environment, division, contract.dataset, contract.major, _audience(complaint))
        following = follow(self.bootstrap, [str(topic)], from_start=True, security=self.broker)
        try:
            async with asyncio.timeout(_TOPIC_SECONDS):
                async for event in following:
                    if event.subject == complaint.record and event.order >= version.order:
                        return True
        except (TimeoutError, CannotFollow):
            return False
        finally:
            await following.close()
        return False


def _audience(complaint: Complaint) -> Audience:
    """The audience that is told of a change of the item."""
    shared = complaint.contract.items[complaint.item].sharing.sharing_class
    return Audience.SHARED if shared is SharingClass.UNCONDITIONAL else Audience.GRANTED


def _missing(complaint: Complaint, why: str) -> Problem:
    return Problem("source-missing", f"{complaint.provider} could not be asked: {why}.")
