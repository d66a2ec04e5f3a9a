"""What a node's calls see of its access log: entries with pseudonyms in place of identifiers, and signed receipts; made
by `node`."""

from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from schemas.trust.entries import Entry, Head
from schemas.trust.keys import KeyPair
from schemas.trust.receipts import Receipt, signer_of
from schemas.trust.subjects import Subject, pseudonym
from services.engine.log.appender import Appender, appending
from services.engine.log.files import LogUnavailable
from services.engine.log.keys import LogKeys
from services.engine.log.stamping import Stamps
from services.engine.log.store import Store
from services.engine.log.traces import Traces, tracing
from services.engine.own_key import OwnKey
from services.engine.settings import Settings


@dataclass(frozen=True, slots=True)
class AccessLog:
    """One node's log. `keys` make pseudonyms; `own` signs receipts and checkpoints, None: there are none; `traces`
    find what it holds about one person; `stamps` are the signed answers whose time is to be vouched for, None where
    nobody could."""

    node: str
    folder: Path
    keys: LogKeys
    own: OwnKey | None
    appender: Appender
    clock: Callable[[], datetime]
    traces: Traces
    stamps: Stamps | None = None

    @property
    def node_key(self) -> KeyPair | None:
        """The key that signs now; whoever signs with it asks anew each time, for another may follow it."""
        return None if self.own is None else self.own.now()

    async def append(self, entry: Entry) -> Head:
        """Where the entry stands, when it is durable; raises LogUnavailable."""
        return await self.appender.append(entry)

    def require(self) -> None:
        """LogUnavailable where the log is known to take no entry."""
        if self.appender.trouble is not None:
            raise LogUnavailable(self.appender.trouble)

    def pseudonyms(self, subjects: Iterable[Subject]) -> tuple[str, ...]:
        """What entries say for subjects, each once, in an order that says nothing."""
        key = self.keys.naming()
        return tuple(sorted({pseudonym(key, one) for one in set(subjects)}))

    def recognised(self, subjects: Iterable[Subject]) -> tuple[str, ...]:
        """Whatever entries may have said for them, under this key or an earlier one."""
        some, keys = set(subjects), self.keys.recognising()
        return tuple(sorted({pseudonym(key, one) for key in keys for one in some}))

    def receipt(self, entry: Entry, head: Head, salt: bytes) -> str | None:
        """The signed word that the entry stands there."""
        node_key = self.node_key
        if node_key is None:
            return None
        request, answer = entry.request or "", entry.answer or ""
        return signer_of(node_key).sign(
            Receipt(
                self.node,
                head.number,
                head.hash,
                request,
                answer,
                salt.hex(),
                entry.at,
                entry.member,
                entry.on_behalf,
            )
        )


@asynccontextmanager
async def open_log(
    settings: Settings, keys: LogKeys, own: OwnKey | None, clock: Callable[[], datetime]
) -> AsyncIterator[AccessLog]:
    """The node's log, with its writer running; `keys` make the pseudonyms. A folder that cannot be written, or that
    another process writes, stops no start: nothing is disclosed then, and /health says so."""
    store = Store(settings.access_log, settings.node_id, clock)
    async with appending(store) as appender, tracing(store.folder) as traces:
        yield AccessLog(
            node=settings.node_id,
            folder=settings.access_log,
            keys=keys,
            own=own,
            appender=appender,
            clock=clock,
            traces=traces,
            stamps=Stamps(store.folder) if own is not None and settings.witnesses else None,
        )
