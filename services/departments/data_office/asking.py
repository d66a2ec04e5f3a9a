"""The office asks a department's node, as its own node, mostly under the grant that a correction request makes; used by
`proofs`, `logs` and `filers`."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from ssl import SSLContext
from types import MappingProxyType
from typing import Protocol

import httpx
import orjson

from schemas.contracts.model import Contract
from schemas.law.sharing.correction import Look, Version
from schemas.trust import token
from schemas.trust.grants import PREFIX
from schemas.trust.keys import KeyPair
from schemas.trust.log_page import PATH, Page, PageAsk, read_page
from schemas.trust.receipts import Receipt, read_receipt
from schemas.trust.registry import Registry
from schemas.trust.signed import DocumentRefused
from schemas.trust.statements import system_of
from schemas.wire import headers as names
from schemas.wire.bodies import bounded
from schemas.wire.problem import Problem
from services.client.signing import Signing

#: How the registry names a node's own system.
_NODE = system_of("")
_PATIENCE_SECONDS = 10.0
#: Longest answer, in bytes; a page of a log is shorter.
_LONGEST = 64 * 1024 * 1024


class Asked(Protocol):
    """Which department is asked for something, and what for, as every call says it."""

    @property
    def provider(self) -> str: ...

    @property
    def purpose(self) -> str: ...


@dataclass(frozen=True, slots=True)
class Complaint:
    """Of what is asked: the item of a record at one department that was said to be wrong, under the grant that the
    office has for just this; and how the office saw it when that was said, once it did."""

    grant: str
    contract: Contract
    provider: str
    record: str
    item: str
    look: Look | None = None

    @property
    def purpose(self) -> str:
        return f"{PREFIX}{self.grant}"


@dataclass(frozen=True, slots=True)
class Seen:
    """A record as its department answered it, and the receipt of that."""

    version: Version
    value: object
    receipt: Receipt


@dataclass(frozen=True, slots=True)
class Answered:
    """What one node answered of a record, and the receipt of that; `seen` is None where it shows no such record."""

    receipt: Receipt
    seen: Seen | None


@dataclass(frozen=True, slots=True)
class Asking:
    """`addresses` are the base URLs of departments' nodes, by their ids. `key` gives the office's own key as of now,
    `registry` the one in force; `transport` is how nodes are reached, None: over the network."""

    addresses: Mapping[str, str]
    office: str
    system: str
    key: Callable[[], KeyPair]
    registry: Callable[[], Registry]
    clock: Callable[[], datetime]
    tls: SSLContext | None
    transport: httpx.AsyncBaseTransport | None = None

    def nodes(self, asked: Asked) -> list[str]:
        """The department's nodes, as the registry lists them: each has a log of its own. Problem source-missing."""
        listed = self.registry().members.values()
        found = sorted(
            one.system.removesuffix(_NODE)
            for one in listed
            if one.id == asked.provider and one.system.endswith(_NODE)
        )
        if not found:
            raise missing(asked, "the registry lists no node of it")
        return found

    async def look(self, complaint: Complaint) -> Seen | None:
        """The record as that node of its department answers it now which keeps it; None where each says that it has
        none. Problem source-missing."""
        away: Problem | None = None
        for node in self.nodes(complaint):
            try:
                seen = (await self.at(complaint, node)).seen
            except Problem as fault:
                away = fault
                continue
            if seen is not None:
                return seen
        if away is not None:
            raise away
        return None

    async def at(self, complaint: Complaint, node: str) -> Answered:
        """What one node answers of the record now. Problem source-missing."""
        contract = complaint.contract
        path = f"/records/{contract.kind}/{contract.name}/lookup"
        body = orjson.dumps({"record_ids": [complaint.record], "select": f"record_version,{complaint.item}"})
        answered = await self.post(complaint, node, path, body, {names.CONTRACT_VERSION: f"{contract.major}"})
        first, _, rest = answered.partition(b"\n")
        try:
            found, [text] = orjson.loads(first)["records"], orjson.loads(rest)["end"]["receipts"]
            receipt = read_receipt(text, self.registry())
            _require(receipt, node, (b"POST", path.encode(), b"", body), first + b"\n")
            seen = Seen(_version(found[0]), found[0][complaint.item], receipt) if found else None
            return Answered(receipt, seen)
        except (DocumentRefused, LookupError, TypeError, ValueError):
            raise missing(complaint, "its answer bears no receipt that holds") from None

    async def log_page(self, complaint: Complaint, node: str, ask: PageAsk) -> Page:
        """A page of that node's access log. Problem source-missing."""
        try:
            return read_page(await self.post(complaint, node, PATH, ask.body()))
        except DocumentRefused:
            raise missing(complaint, "what it answers is no page of a log") from None

    async def post(
        self, asked: Asked, node: str, path: str, body: bytes, more: Mapping[str, str] = MappingProxyType({})
    ) -> bytes:
        """What that node answers, which alone can use the call; `more` are further headers. Problem source-missing."""
        url = self.addresses.get(node)
        if url is None:
            raise missing(asked, f"the address of {node} is not among node_urls")
        try:
            async with httpx.AsyncClient(
                base_url=url,
                auth=Signing(self.key(), node=node, clock=self.clock),
                timeout=_PATIENCE_SECONDS,
                trust_env=False,
                verify=self.tls or True,
                transport=self.transport,
            ) as http:
                headers = {**self._headers(asked), **more}
                async with http.stream("POST", path, content=body, headers=headers) as answer:
                    if answer.status_code != httpx.codes.OK:
                        raise missing(asked, f"it answered {answer.status_code}")
                    return await bounded(answer.aiter_bytes(), _LONGEST, "The answer is too long.")
        # Also for what no header bears, and for an answer that is packed otherwise than it says.
        except (httpx.RequestError, UnicodeError) as fault:
            raise missing(asked, type(fault).__name__) from None

    def _headers(self, asked: Asked) -> dict[str, str]:
        said = token.make(
            self.key(),
            system=self.system,
            member=self.office,
            now=self.clock(),
            lifetime=timedelta(minutes=1),
        )
        return {
            "Authorization": f"Bearer {said}",
            "Content-Type": names.JSON,
            names.OFFICER: self.system,
            names.PURPOSE: asked.purpose,
        }


def _require(receipt: Receipt, node: str, request: tuple[bytes, ...], answer: bytes) -> None:
    """DocumentRefused unless it is the receipt of just this by just that node: another one would lead to another
    person's entries."""
    if receipt.node != node or not receipt.is_of(request, answer):
        raise DocumentRefused("malformed", "it is the receipt of something else")


def missing(asked: Asked, why: str) -> Problem:
    return Problem("source-missing", f"{asked.provider} could not be asked: {why}.")


def _version(record: Mapping[str, object]) -> Version:
    epoch, _, number = str(record["record_version"]).partition(".")
    return Version(int(epoch), int(number))
