"""`langqiao tail`: the events of a topic as lines; where a registry is named, those alone that their nodes signed."""

import asyncio
import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from schemas.trust import keys, signed
from schemas.trust.signed_events import HEADER
from services.engine.relay.event_signing import SigningBroker
from tests import registered
from tests.brokers import Broker, EmbeddedBroker, running_broker
from tests.seams.brokers.test_promises import message, opened
from tests.services.cli.tool import run
from tests.serving import serving

_NODE = "330203.workshop"
_TOPIC = f"dev.{_NODE}.tools.v1.public"
_KEY, _STRANGER, _AUTHORITY = (keys.new_key() for _ in range(3))
_TRUSTED = json.dumps({_AUTHORITY.key_id: _AUTHORITY.public_hex})


class _Catalogue(BaseHTTPRequestHandler):
    """A gateway that knows one offering."""

    def do_GET(self) -> None:
        offering = {"dataset": "workshop.tools", "majors": [1], "topics": {"v1.public": _TOPIC}}
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        self.wfile.write(json.dumps({"offerings": [offering]}).encode())

    def log_message(self, *said: Any) -> None:
        """Keep the test's output clean."""


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker]:
    """On the topic stand an event that the node signed, one that nobody did, a stranger's, one whose signature has no
    value, one that was altered, and another that the node signed; all of one record, and so in this order."""
    with running_broker(EmbeddedBroker, tmp_path_factory.mktemp("broker")) as ground:
        asyncio.run(_publish(ground))
        yield ground


async def _publish(ground: Broker) -> None:
    async with opened(ground) as plain:
        await plain.prepare({_TOPIC: 1})
        own, strange = (SigningBroker(plain, lambda key=key: key) for key in (_KEY, _STRANGER))  # type: ignore[misc]
        kept = own._signed(message(_TOPIC, "r", 5))
        await own.publish([message(_TOPIC, "r", 1)])
        await plain.publish([message(_TOPIC, "r", 2)])
        await strange.publish([message(_TOPIC, "r", 3)])
        bare = message(_TOPIC, "r", 4)
        await plain.publish([replace(bare, headers=[*bare.headers, (HEADER, None)])])  # type: ignore[list-item]
        await plain.publish([replace(kept, value=b'{"name":"other"}')])
        await own.publish([message(_TOPIC, "r", 6)])


@pytest.fixture
def profile(broker: Broker, tmp_path: Path) -> Iterator[str]:
    with serving(ThreadingHTTPServer(("127.0.0.1", 0), _Catalogue)) as gateway:
        path = tmp_path / "anybody.json"
        path.write_text(json.dumps({"gateway": gateway, "bootstrap": broker.bootstrap}))
        yield str(path)


@pytest.fixture
def registry(tmp_path: Path) -> str:
    now = datetime.now(UTC)
    document = {
        "number": 1,
        "issued": now.isoformat(),
        "expires": (now + timedelta(days=1)).isoformat(),
        "members": [registered.line(f"{_NODE}/node", _KEY, role="node")],
    }
    path = tmp_path / "registry.jws"
    path.write_text(signed.sign(document, _AUTHORITY))
    return str(path)


def _tail(profile: str, count: int, *further: str) -> Any:
    return run(
        "tail", "workshop.tools", "--from-start", "--count", str(count), "--profile", profile, *further
    )


def _versions(output: str) -> list[str]:
    return [json.loads(line)["version"] for line in output.splitlines()]


def test_every_event_is_shown_to_whoever_asks_for_no_signatures(profile: str) -> None:
    ended = _tail(profile, 3)
    assert ended.exit_code == 0, ended.output
    assert _versions(ended.stdout) == ["1.1", "1.2", "1.3"]


def test_with_a_registry_what_its_node_did_not_sign_is_no_line_and_is_named(
    profile: str, registry: str
) -> None:
    ended = _tail(profile, 6, "--registry", registry, "--authority", _TRUSTED)
    assert ended.exit_code == 1, ended.output
    assert _versions(ended.stdout) == ["1.1", "1.6"]
    reasons = ["unsigned", "unknown-key", "malformed", "bad-signature"]
    assert ended.stderr.splitlines() == [
        f"Not its department's ({reason}): {_TOPIC}-0, message {place}."
        for place, reason in enumerate(reasons, start=1)
    ]


def test_where_all_is_signed_the_exit_code_says_so(profile: str, registry: str) -> None:
    ended = _tail(profile, 1, "--registry", registry, "--authority", _TRUSTED)
    assert (ended.exit_code, ended.stderr) == (0, "")


@pytest.mark.parametrize(
    ("authority", "said"),
    [
        ("", "go together"),
        ("[]", "key id -> hex"),
        (json.dumps({_STRANGER.key_id: _STRANGER.public_hex}), "unknown-key"),
    ],
    ids=["no-authority", "no-keys", "unknown-key"],
)
def test_a_registry_that_cannot_be_relied_on_is_a_wrong_use(
    profile: str, registry: str, authority: str, said: str
) -> None:
    ended = _tail(profile, 1, "--registry", registry, "--authority", authority)
    assert ended.exit_code == 2
    assert said in " ".join(ended.stderr.replace("│", " ").split())


def test_a_registry_that_is_no_text_is_a_wrong_use(profile: str, tmp_path: Path) -> None:
    path = tmp_path / "broken.jws"
    path.write_bytes(b"\xff\xfe")
    ended = _tail(profile, 1, "--registry", str(path), "--authority", _TRUSTED)
    assert ended.exit_code == 2
    assert "malformed" in ended.stderr
