"""TLS of a service and of a gateway, one suite for both twins, over real sockets on loopback."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from ssl import SSLContext, SSLError
from types import ModuleType

import pytest
from cryptography import x509

from gateway import tls as of_gateway
from services.engine import tls as of_service
from tests.services.cli.tool import run


@dataclass(frozen=True)
class Made:
    """An authority's folder, and one with the certificates of a node and of a caller."""

    authority: Path
    out: Path

    @property
    def ca(self) -> Path:
        return self.authority / "ca.pem"

    @property
    def node(self) -> Path:
        return self.out / "node.tls.pem"

    @property
    def caller(self) -> Path:
        return self.out / "caller.tls.pem"


def _tool(*arguments: str) -> None:
    ended = run("keys", "tls", *arguments)
    assert ended.exit_code == 0, ended.output


def _make(folder: Path) -> Made:
    made = Made(folder / "authority", folder / "out")
    _tool("authority", "--out", str(made.authority))
    issue = ("issue", "--authority", str(made.authority), "--out", str(made.out))
    _tool(*issue, "--name", "node", "--host", "127.0.0.1")
    _tool(*issue, "--name", "caller")
    return made


@pytest.fixture
def made(tmp_path: Path) -> Made:
    return _make(tmp_path)


@pytest.fixture(params=[of_service, of_gateway], ids=["service", "gateway"])
def tls(request: pytest.FixtureRequest) -> ModuleType:
    module: ModuleType = request.param
    return module


@asynccontextmanager
async def _listening(context: SSLContext | None) -> AsyncIterator[int]:
    """A server that says one word to whom it lets in; its port."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"welcome")
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=context)
    async with server:
        yield server.sockets[0].getsockname()[1]


async def _met(port: int, context: SSLContext | None) -> int:
    """The serial number of the certificate that was met by whom the server let in; SSLError or ConnectionError for whom
    it did not."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port, ssl=context)
    try:
        if await reader.read() != b"welcome":
            # An alert that comes after the handshake may look like an end.
            raise ConnectionAbortedError
        shown = writer.get_extra_info("ssl_object").getpeercert(binary_form=True)
        return x509.load_der_x509_certificate(shown).serial_number
    finally:
        writer.close()


def _serial(path: Path) -> int:
    return x509.load_pem_x509_certificates(path.read_bytes())[0].serial_number


def _client(tls: ModuleType, ca: Path, certificate: Path | None = None) -> SSLContext:
    context = tls.open_tls(tls.TlsFiles(certificate, None, ca)).client
    assert isinstance(context, SSLContext)
    return context


def test_without_files_it_serves_plain_and_calls_as_nobody(tls: ModuleType) -> None:
    opened = tls.open_tls(tls.TlsFiles())
    opened.refresh()
    assert (opened.server, opened.client, opened.why_not(datetime.now(UTC))) == (None, None, "")


async def test_whoever_shows_a_certificate_is_let_in_and_nobody_else(
    tls: ModuleType, made: Made, tmp_path: Path
) -> None:
    stranger = _make(tmp_path / "stranger")
    opened = tls.open_tls(tls.TlsFiles(made.node, None, made.ca, clients=True))
    async with _listening(opened.server) as port:
        assert await _met(port, _client(tls, made.ca, made.caller)) == _serial(made.node)
        assert await _met(port, opened.client) == _serial(made.node)
        for shown in (None, stranger.caller):
            with pytest.raises((SSLError, ConnectionError)):
                await _met(port, _client(tls, made.ca, shown))


async def test_who_cannot_show_that_the_authority_vouches_for_it_is_not_spoken_to(
    tls: ModuleType, made: Made, tmp_path: Path
) -> None:
    stranger = _make(tmp_path / "stranger")
    for certificate in (stranger.node, made.caller):
        opened = tls.open_tls(tls.TlsFiles(certificate, None, made.ca))
        async with _listening(opened.server) as port:
            with pytest.raises(SSLError):
                await _met(port, _client(tls, made.ca))


async def test_a_renewed_certificate_is_shown_from_the_next_connection_on(
    tls: ModuleType, made: Made
) -> None:
    opened = tls.open_tls(tls.TlsFiles(made.node, None, made.ca))
    first = _serial(made.node)
    async with _listening(opened.server) as port:
        _tool("renew", str(made.node), "--authority", str(made.authority))
        assert await _met(port, _client(tls, made.ca)) == first
        opened.refresh()
        assert await _met(port, _client(tls, made.ca)) == _serial(made.node) != first


async def test_certificates_of_a_new_authority_are_good_for_those_who_know_the_one_before(
    tls: ModuleType, made: Made, tmp_path: Path
) -> None:
    known = tmp_path / "known.pem"
    known.write_bytes(made.ca.read_bytes())
    opened = tls.open_tls(tls.TlsFiles(made.node, None, known, clients=True))
    old = _client(tls, known, made.caller)
    _tool("authority", "--out", str(made.authority), "--renew")
    async with _listening(opened.server) as port:
        _tool("renew", str(made.caller), "--authority", str(made.authority))
        assert await _met(port, _client(tls, made.ca, made.caller))
        _tool("renew", str(made.node), "--authority", str(made.authority))
        opened.refresh()
        assert await _met(port, old) == _serial(made.node)


async def test_an_authority_that_comes_beside_is_trusted_from_then_on(
    tls: ModuleType, made: Made, tmp_path: Path
) -> None:
    other, ca = _make(tmp_path / "other"), tmp_path / "both.pem"
    ca.write_bytes(made.ca.read_bytes())
    opened = tls.open_tls(tls.TlsFiles(made.node, None, ca, clients=True))
    async with _listening(opened.server) as port:
        ca.write_bytes(made.ca.read_bytes() + other.ca.read_bytes())
        opened.refresh()
        assert await _met(port, _client(tls, made.ca, other.caller))


async def test_an_authority_that_is_named_no_more_vouches_for_nobody_from_the_next_connection_on(
    tls: ModuleType, made: Made, tmp_path: Path
) -> None:
    other, ca = _make(tmp_path / "other"), tmp_path / "known.pem"
    ca.write_bytes(made.ca.read_bytes() + other.ca.read_bytes())
    opened = tls.open_tls(tls.TlsFiles(made.node, None, ca, clients=True))
    theirs = tls.open_tls(tls.TlsFiles(other.node, None, made.ca, clients=True))
    async with _listening(opened.server) as port, _listening(theirs.server) as elsewhere:
        assert await _met(port, _client(tls, made.ca, other.caller))
        assert await _met(elsewhere, opened.client) == _serial(other.node)
        ca.write_bytes(made.ca.read_bytes())
        opened.refresh()
        with pytest.raises((SSLError, ConnectionError)):
            await _met(port, _client(tls, made.ca, other.caller))
        with pytest.raises(SSLError):
            await _met(elsewhere, opened.client)
        assert await _met(port, opened.client) == _serial(made.node)


async def test_files_that_cannot_be_used_change_nothing_and_are_named(
    tls: ModuleType, made: Made, tmp_path: Path
) -> None:
    good, whole = _serial(made.node), made.node.read_bytes()
    opened = tls.open_tls(tls.TlsFiles(made.node, None, made.ca))
    for spoilt in (b"", b"nonsense", whole[:-40], (made.caller.read_bytes()[:241] + whole[241:])):
        made.node.write_bytes(spoilt)
        opened.refresh()
        assert opened.why_not(datetime.now(UTC)).startswith(str(made.node))
        async with _listening(opened.server) as port:
            assert await _met(port, _client(tls, made.ca)) == good
    made.node.unlink()
    opened.refresh()
    assert opened.why_not(datetime.now(UTC))
    made.node.write_bytes(whole)
    opened.refresh()
    assert opened.why_not(datetime.now(UTC)) == ""


def test_a_certificate_that_ends_soon_is_worth_a_look(tls: ModuleType, made: Made) -> None:
    opened = tls.open_tls(tls.TlsFiles(made.node, None, made.ca))
    assert opened.why_not(datetime.now(UTC) + timedelta(days=70)) == ""
    assert "ends at" in opened.why_not(datetime.now(UTC) + timedelta(days=77))


@pytest.mark.parametrize("missing", ["certificate", "ca", "key"])
def test_settings_that_need_each_other_come_together(tls: ModuleType, made: Made, missing: str) -> None:
    certificate = made.node if missing == "ca" else None
    key = made.node if missing == "key" else None
    with pytest.raises(tls.BadTlsFile, match="is not set"):
        tls.open_tls(
            tls.TlsFiles(certificate, key, None if missing == "ca" else made.ca, clients=missing != "key")
        )


def test_a_file_that_is_no_pem_stops_the_start_and_is_named(
    tls: ModuleType, made: Made, tmp_path: Path
) -> None:
    lost = tmp_path / "lost.pem"
    for files in (tls.TlsFiles(lost, None, made.ca), tls.TlsFiles(made.node, None, lost)):
        with pytest.raises(tls.BadTlsFile, match=f"{lost}: No such file"):
            tls.open_tls(files)
