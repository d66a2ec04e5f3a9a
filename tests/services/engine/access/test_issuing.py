"""An issuer's keys at a node: fetched when they are needed, not more often, and not believed for ever."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from pydantic import ValidationError

from schemas.trust import registry
from schemas.trust.issued import Issuer
from schemas.trust.keys import new_key
from schemas.wire.problem import Problem
from services.engine.access.issuing import Issuing, Unfetched, open_issuing
from services.engine.settings import Settings
from tests.certificates import Authority
from tests.issuer import CLIENT, NAME, OpenIdIssuer
from tests.waiting import breath

_START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
_PAUSE = timedelta(seconds=30)
_KEY = new_key()
_LINE = {"id": "a", "system": "a/w", "keys": {_KEY.key_id: _KEY.public_hex}, "clients": {NAME: CLIENT}}
_REGISTRY = registry.from_document(
    {"number": 1, "issued": "2026-01-01T00:00:00Z", "expires": "2030-01-01T00:00:00Z", "members": [_LINE]}
)


@dataclass
class Publishing:
    """An issuer that counts who asks it, and its own clock; `away` says why nothing comes."""

    made: OpenIdIssuer = field(default_factory=OpenIdIssuer)
    now: datetime = _START
    asked: int = 0
    away: str | None = None

    async def fetch(self) -> bytes:
        self.asked += 1
        await breath()
        if self.away:
            raise Unfetched(self.away)
        return self.made.published()

    def pass_time(self, by: timedelta) -> None:
        self.now += by


@pytest.fixture
def there() -> Publishing:
    return Publishing()


@pytest.fixture
def issuing(there: Publishing) -> Issuing:
    return Issuing(Issuer(NAME, "langqiao"), there.fetch, _PAUSE, lambda: there.now)


async def _good(issuing: Issuing, text: str) -> bool:
    await issuing.meet(text)
    try:
        return issuing.check(text, _REGISTRY).system == "a/w"
    except Problem:
        return False


async def test_keys_are_fetched_once_for_many_calls(issuing: Issuing, there: Publishing) -> None:
    text = there.made.token(there.now)
    assert all(await asyncio.gather(*(_good(issuing, text) for _ in range(20))))
    assert there.asked == 1


async def test_a_new_key_is_met_at_its_first_token(issuing: Issuing, there: Publishing) -> None:
    assert await _good(issuing, there.made.token(there.now))
    there.pass_time(_PAUSE)
    there.made.add("k2", "RS256")
    assert await _good(issuing, there.made.token(there.now, "k2"))
    assert there.asked == 2


async def test_keys_that_nobody_knows_make_no_more_than_one_fetch_in_a_while(
    issuing: Issuing, there: Publishing
) -> None:
    assert await _good(issuing, there.made.token(there.now))
    for number in range(50):
        unknown = there.made.token(there.now, header={"kid": f"guess-{number}"})
        assert not await _good(issuing, unknown)
        there.pass_time(timedelta(seconds=1))
    assert there.asked == 2


async def test_a_key_that_was_withdrawn_is_good_for_an_hour_at_most(
    issuing: Issuing, there: Publishing
) -> None:
    withdrawn = OpenIdIssuer({**there.made.keys})
    assert await _good(issuing, withdrawn.token(there.now))
    there.made.keys = {}
    there.made.add("k2")
    there.pass_time(timedelta(minutes=59))
    assert await _good(issuing, withdrawn.token(there.now))
    there.pass_time(timedelta(minutes=1))
    assert not await _good(issuing, withdrawn.token(there.now))


async def test_an_issuer_that_is_away_is_believed_for_a_day_and_its_absence_is_told(
    issuing: Issuing, there: Publishing
) -> None:
    assert await _good(issuing, there.made.token(there.now))
    there.away = "ConnectError"
    there.pass_time(timedelta(hours=23))
    assert await _good(issuing, there.made.token(there.now))
    assert issuing.fault == "ConnectError"
    there.pass_time(timedelta(hours=1))
    assert not await _good(issuing, there.made.token(there.now))
    there.away = None
    there.pass_time(_PAUSE)
    assert await _good(issuing, there.made.token(there.now))
    assert issuing.fault is None


async def test_what_is_no_set_of_keys_leaves_the_keys_that_were_good(
    issuing: Issuing, there: Publishing
) -> None:
    text = there.made.token(there.now)
    assert await _good(issuing, text)
    issuing.fetch = _nonsense
    there.pass_time(_PAUSE)
    assert not await _good(issuing, there.made.token(there.now, header={"kid": "k2"}))
    assert issuing.fault == "no JWK set"
    assert await _good(issuing, text)


async def _nonsense() -> bytes:
    return b"<html>"


def _settings(tmp_path: Path, keys: str | None, issuer: str | None = NAME) -> Settings:
    return Settings(
        kind="k",
        division="330200",
        database_url="sqlite:///x",
        pseudonym_key_file=tmp_path / "p",
        issuer=issuer,
        issuer_keys=keys,
    )


async def test_keys_come_from_a_file(tmp_path: Path) -> None:
    path, made = tmp_path / "keys.json", OpenIdIssuer()
    opened = open_issuing(_settings(tmp_path, str(path)), None, lambda: _START)
    assert opened is not None
    assert not await _good(opened, made.token(_START))
    assert opened.fault == "No such file or directory"
    path.write_bytes(made.published())
    opened._tried = None
    assert await _good(opened, made.token(_START))


@asynccontextmanager
async def _published(folder: Path, answer: bytes) -> AsyncIterator[tuple[str, ssl.SSLContext]]:
    """A server that answers all alike over TLS; its address, and by what it is asked."""
    identity = Authority(folder).identity("login.example")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(identity.certificate, identity.key)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answer)
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=context)
    async with server:
        port = server.sockets[0].getsockname()[1]
        yield f"https://127.0.0.1:{port}/keys", identity.security


@pytest.mark.parametrize(
    ("status", "body", "fault"),
    [
        (b"200 OK", None, None),
        (b"302 Found", b"", "the issuer answered 302"),
        (b"503 Away", b"", "the issuer answered 503"),
        (b"200 OK", b" " * 400_000, "no JWK set"),
    ],
)
async def test_keys_come_over_tls_from_who_is_vouched_for(
    tmp_path: Path, status: bytes, body: bytes | None, fault: str | None
) -> None:
    made = OpenIdIssuer()
    sent = made.published() if body is None else body
    head = b"HTTP/1.1 %s\r\nLocation: https://127.0.0.1:1/\r\nContent-Length: %d\r\n\r\n" % (
        status,
        len(sent),
    )
    async with _published(tmp_path / "tls", head + sent) as (url, security):
        opened = open_issuing(_settings(tmp_path, url), security, lambda: _START)
        assert opened is not None
        assert await _good(opened, made.token(_START)) is (fault is None)
        assert opened.fault == fault
        stranger = open_issuing(_settings(tmp_path, url), None, lambda: _START)
        assert stranger is not None
        assert not await _good(stranger, made.token(_START))
        assert stranger.fault == "ConnectError"


@pytest.mark.parametrize(
    ("keys", "issuer"),
    [(None, NAME), ("https://login.example/keys", None), ("http://login.example/keys", NAME), ("k", NAME)],
)
def test_settings_that_do_not_make_an_issuer_are_refused(
    tmp_path: Path, keys: str | None, issuer: str | None
) -> None:
    with pytest.raises(ValidationError, match="issuer_keys"):
        _settings(tmp_path, keys, issuer)
