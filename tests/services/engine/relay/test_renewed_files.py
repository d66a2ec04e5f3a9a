"""The files that secure the way to a broker change while a client lives: each connection is made by those of now."""

import asyncio
import logging
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest
import uvloop
from cryptography import x509

from services.engine.relay.broker import CannotPublish
from services.engine.relay.kafka_topics import KafkaTopics
from services.engine.relay.security import secured
from services.engine.settings import Settings
from services.engine.tls import Followed
from tests.certificates import Authority, Identity

_NAME = "330203.workshop"


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path / "authority")


@pytest.fixture
def mine(authority: Authority, tmp_path: Path) -> Identity:
    """Files of the test's own, which it writes over."""
    files = Identity(*(tmp_path / name for name in ("ca.pem", "own.pem", "own.key.pem")))
    _put(files, authority.identity(_NAME))
    return files


@pytest.fixture
def stranger(tmp_path: Path) -> Authority:
    return Authority(tmp_path / "stranger", "stranger")


def _put(files: Identity, made: Identity) -> None:
    """One after the other, as an operator renews them."""
    for name in ("ca", "key", "certificate"):
        getattr(files, name).write_bytes(getattr(made, name).read_bytes())


@asynccontextmanager
async def _broker(identity: Identity) -> AsyncIterator[tuple[int, asyncio.Queue[int]]]:
    """It asks for a certificate for which its own authority vouches: its port, and the serial numbers that it met."""
    met: asyncio.Queue[int] = asyncio.Queue()
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=identity.ca)
    context.load_cert_chain(identity.certificate, identity.key)
    context.verify_mode = ssl.CERT_REQUIRED

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        shown = writer.get_extra_info("ssl_object").getpeercert(binary_form=True)
        met.put_nowait(x509.load_der_x509_certificate(shown).serial_number)
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=context)
    async with server:
        yield server.sockets[0].getsockname()[1], met


async def _connect(port: int, context: ssl.SSLContext | None) -> None:
    _, writer = await asyncio.open_connection("127.0.0.1", port, ssl=context)
    writer.close()


def _serial(identity: Identity) -> int:
    return x509.load_pem_x509_certificate(identity.certificate.read_bytes()).serial_number


@pytest.mark.parametrize("loop", [asyncio.new_event_loop, uvloop.new_event_loop], ids=["asyncio", "uvloop"])
def test_a_renewed_certificate_is_shown_from_the_next_connection_on(
    authority: Authority, mine: Identity, loop: Callable[[], asyncio.AbstractEventLoop]
) -> None:
    async def meet() -> list[int]:
        async with _broker(authority.identity("broker")) as (port, met):
            context = mine.security
            await _connect(port, context)
            first = await met.get()
            _put(mine, authority.identity(_NAME))
            await _connect(port, context)
            return [first, await met.get()]

    before = _serial(mine)
    with asyncio.Runner(loop_factory=loop) as runner:
        assert runner.run(meet()) == [before, _serial(mine)]
    assert before != _serial(mine)


async def test_another_authority_is_trusted_and_the_one_before_no_more(
    authority: Authority, stranger: Authority, mine: Identity
) -> None:
    context = mine.security
    async with (
        _broker(authority.identity("broker")) as (old, _),
        _broker(stranger.identity("broker")) as (new, met),
    ):
        await _connect(old, context)
        with pytest.raises(ssl.SSLError):
            await _connect(new, context)
        _put(mine, stranger.identity(_NAME))
        await _connect(new, context)
        assert await met.get() == _serial(mine)
        with pytest.raises(ssl.SSLError):
            await _connect(old, context)


@pytest.mark.parametrize("file", ["ca", "certificate", "key"])
@pytest.mark.parametrize("spoilt", [None, b"", b"nonsense"], ids=["lost", "empty", "nonsense"])
async def test_files_that_cannot_be_used_change_nothing_and_are_named_once(
    authority: Authority, mine: Identity, file: str, spoilt: bytes | None, caplog: pytest.LogCaptureFixture
) -> None:
    context = secured(mine.ca, mine.certificate, mine.key)
    assert context is not None
    path: Path = getattr(mine, file)
    whole = path.rename(path.with_suffix(".whole"))
    if spoilt is not None:
        path.write_bytes(spoilt)
    async with _broker(authority.identity("broker")) as (port, met):
        for _ in range(2):
            await _connect(port, context)
            assert await met.get() == _serial(
                replace(mine, **({file: whole} if file == "certificate" else {}))
            )
        assert str(path) in context.fault
        assert [one.levelno for one in caplog.records] == [logging.ERROR]
        # Back as it was: no other date, no other size.
        whole.rename(path)
        await _connect(port, context)
    assert context.fault == ""


def test_an_end_that_is_near_is_told_until_another_certificate_is_there(
    authority: Authority, mine: Identity
) -> None:
    """Nobody need connect for that, and what cannot be used is told as well."""
    context, ends = secured(mine.ca, mine.certificate, mine.key), _end(mine)
    assert context is not None
    assert context.why_not(ends - timedelta(days=15)) == ""
    assert context.why_not(ends - timedelta(days=13)) == f"the certificate ends at {ends:%Y-%m-%d %H:%M}"
    mine.certificate.write_bytes(b"nonsense")
    assert str(mine.certificate) in context.why_not(ends - timedelta(days=15))
    _put(mine, authority.identity(_NAME))
    assert context.why_not(_end(mine) - timedelta(days=15)) == ""


def test_who_shows_no_certificate_has_none_that_ends(mine: Identity) -> None:
    context = secured(mine.ca, None, None)
    assert context is not None
    assert context.why_not(_end(mine)) == ""


def _end(identity: Identity) -> datetime:
    return x509.load_pem_x509_certificate(identity.certificate.read_bytes()).not_valid_after_utc


async def test_half_of_a_renewed_pair_is_not_taken_up_before_the_other_half(
    authority: Authority, mine: Identity
) -> None:
    context, before, renewed = (
        secured(mine.ca, mine.certificate, mine.key),
        _serial(mine),
        authority.identity(_NAME),
    )
    assert isinstance(context, Followed)
    async with _broker(authority.identity("broker")) as (port, met):
        mine.certificate.write_bytes(renewed.certificate.read_bytes())
        await _connect(port, context)
        mine.key.write_bytes(renewed.key.read_bytes())
        await _connect(port, context)
        assert [await met.get(), await met.get()] == [before, _serial(renewed)]


async def test_a_broker_that_cannot_be_spoken_to_is_said_with_the_file_that_may_be_why(
    stranger: Authority, mine: Identity, tmp_path: Path
) -> None:
    async with _broker(stranger.identity("broker")) as (port, _):
        settings = Settings(
            kind="workshop",
            division="330203",
            database_url=f"sqlite:///{tmp_path / 'records.sqlite'}",
            pseudonym_key_file=tmp_path / "pseudonym.key",
            bootstrap_servers=f"127.0.0.1:{port}",
            **mine.settings,
        )
        topics = KafkaTopics(settings)
        with pytest.raises(CannotPublish, match=r"does not do its work \(KafkaConnectionError\)$"):
            await topics.ends({})
        mine.ca.write_text("nonsense")
        with pytest.raises(CannotPublish, match=rf"; {mine.ca}: no authority's certificate can be read"):
            await topics.ends({})
