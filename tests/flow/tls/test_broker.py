"""Certificates and authority of a broker, its relay and a follower are renewed by `langqiao keys tls` under load, while
the broker's connections are cut and made anew: no writer fails, no event is lost, and the old ones open nothing."""

import asyncio
import random
import shutil
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from threading import Event as Signal
from threading import Thread

import pytest
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError
from cryptography import x509

from schemas.wire.event import Event
from services.cli import certificates
from services.client.profile import Profile
from services.client.topics import follow
from services.engine.access.putting import put
from services.engine.relay.security import options
from tests.apache_kafka import ApacheKafka
from tests.brokers import running_broker
from tests.certificates import Identity
from tests.flow.events.checker import Verdict, judge
from tests.flow.events.shop import Shop, opened, write_at_random
from tests.services.cli.tool import run
from tests.stores import Store, open_program, sqlite_store
from tests.waiting import until

__all__ = ["sqlite_store"]

pytestmark = pytest.mark.live

_PATIENCE = 60.0


@pytest.fixture
def patience() -> float:
    """A program's for SQLite's lock, in seconds."""
    return 10.0


class Tool:
    """Vouches for names as an administrator does, by `langqiao keys tls`; a file holds certificate and key."""

    def __init__(self, folder: Path) -> None:
        self._authority, self._issued = folder / "authority", folder / "issued"
        _succeeds("authority", "--out", str(self._authority))

    @property
    def ca(self) -> Path:
        return self._issued / "ca.pem"

    def identity(self, name: str) -> Identity:
        file = self._issued / f"{name}.tls.pem"
        if not file.exists():
            said = ("--authority", str(self._authority), "--out", str(self._issued))
            _succeeds("issue", *said, "--name", name, "--host", "127.0.0.1")
        return Identity(self.ca, file, file)

    def renew(self) -> None:
        """Another key of the authority, which the one before vouches for, and by it another certificate for each."""
        _succeeds("authority", "--out", str(self._authority), "--renew")
        files = (str(one) for one in self._issued.glob("*.tls.pem"))
        _succeeds("renew", *files, "--authority", str(self._authority))

    def forget_the_one_before(self) -> None:
        """As when it has expired: nobody trusts what it signed any more."""
        newest, *before = x509.load_pem_x509_certificates(self.ca.read_bytes())
        assert before
        put(self.ca, certificates.write(newest), 0o644)


class KafkaOfTheTool(ApacheKafka):
    """Apache Kafka with the tool's certificates, which it reads when it starts."""

    @cached_property
    def authority(self) -> Tool:
        return Tool(self.folder / "certificates")

    def _keystore(self, identity: Identity) -> Path:
        return identity.certificate


@dataclass
class Writing:
    """A program that knows nothing of us, at work in a thread of its own. `failed` is what went wrong."""

    url: str
    writes: int = 0
    failed: list[BaseException] = field(default_factory=list)

    @contextmanager
    def on(self) -> Iterator[None]:
        enough = Signal()
        thread = Thread(target=lambda: asyncio.run(self._write(enough)), daemon=True)
        thread.start()
        try:
            yield
        finally:
            enough.set()
            thread.join()

    async def _write(self, enough: Signal) -> None:
        program, chance = await open_program(self.url, patience=10.0), random.Random(4)
        try:
            while not enough.wait(0.02):
                await write_at_random(program, chance, 1)
                self.writes += 1
        except Exception as fault:
            self.failed.append(fault)
        finally:
            await program.close()


@pytest.fixture
def kafka(tmp_path: Path) -> Iterator[KafkaOfTheTool]:
    made = KafkaOfTheTool(tmp_path / "kafka")
    made.folder.mkdir()
    with running_broker(lambda _: made, made.folder):
        yield made


@asynccontextmanager
async def _following(shop: Shop, topic: str, reader: Identity) -> AsyncIterator[list[Event]]:
    """What comes to a follower with a profile, which asks once and is never begun anew."""
    named = {f"broker_{name}_file": str(getattr(reader, name)) for name in ("ca", "certificate", "key")}
    profile = Profile("http://127.0.0.1:1", bootstrap=shop.broker.bootstrap, **named)  # type: ignore[arg-type]
    following = follow(profile.bootstrap, [topic], from_start=True, security=profile.security())
    heard: list[Event] = []

    async def listen() -> None:
        async for event in following:
            heard.append(event)

    listening = asyncio.create_task(listen())
    try:
        yield heard
        assert not listening.done()
    finally:
        await following.close()
        listening.cancel()
        with suppress(asyncio.CancelledError):
            await listening


async def test_certificates_and_authority_are_renewed_under_load_and_no_event_is_lost(
    kafka: KafkaOfTheTool, sqlite_store: Store, tmp_path: Path
) -> None:
    shop, writing = await opened(sqlite_store, kafka), Writing(sqlite_store.url)
    topic = shop.topic("shared")
    async with shop.relay(), _following(shop, topic, kafka.operator) as heard:
        with writing.on():
            await _goes_on(writing, heard)
            old = _copied(kafka.operator, tmp_path / "old")
            await _admits(kafka, old)
            await asyncio.to_thread(kafka.authority.renew)
            await _begins_anew(kafka)
            await _goes_on(writing, heard)
            kafka.authority.forget_the_one_before()
            await _begins_anew(kafka)
            await _goes_on(writing, heard)
        await shop.until_right(_PATIENCE)
        told = {(one.subject, one.order) for one in await shop.told(topic)}
        await until(lambda: told <= set(map(_told, heard)), _PATIENCE, "the follower has heard all")
    assert writing.failed == []
    assert judge(await shop.told(shop.topic("granted")), await shop.numbered()) == Verdict()
    assert await shop.trouble() == ""
    with pytest.raises(KafkaError):
        await _admits(kafka, old)


def _told(event: Event) -> tuple[str, tuple[int, int]]:
    return event.subject, event.order


async def _goes_on(writing: Writing, heard: list[Event]) -> None:
    """Return after some more writes, and what a follower heard of them."""
    writes, events = writing.writes + 50, len(heard) + 20
    said = "writers write, and the follower hears of it"
    await until(lambda: writing.failed or (writing.writes > writes and len(heard) > events), _PATIENCE, said)
    assert writing.failed == []


async def _begins_anew(kafka: KafkaOfTheTool) -> None:
    """All its connections are cut, and those that come are met with what the files say now; the rest goes on."""
    await asyncio.to_thread(kafka.stop)
    await asyncio.to_thread(kafka.start)


def _copied(identity: Identity, folder: Path) -> Identity:
    folder.mkdir()
    ca, own = (Path(shutil.copy(one, folder)) for one in (identity.ca, identity.certificate))
    return Identity(ca, own, own)


async def _admits(kafka: KafkaOfTheTool, identity: Identity) -> None:
    """Whoever shows this is let in; raises KafkaError where it is not."""
    admin = AIOKafkaAdminClient(**options(kafka.bootstrap, identity.security))
    try:
        await admin.start()
        await admin.list_topics()
    finally:
        await admin.close()


def _succeeds(*arguments: str) -> None:
    ended = run("keys", "tls", *arguments)
    assert ended.exit_code == 0, ended.output
