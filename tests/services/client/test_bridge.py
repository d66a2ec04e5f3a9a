"""A bridge gives its caller no answer whose receipt does not hold, where the caller's profile knows the registry."""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import orjson
import pytest

from schemas.trust import keys, signed
from schemas.trust.entries import salted
from schemas.trust.keys import KeyPair
from schemas.trust.receipts import Receipt, signer_of
from schemas.wire import headers as names
from services.client.bridge import Bridge
from services.client.profile import BadProfile, Profile
from services.client.receipts import BadReceipt
from tests.registered import line
from tests.serving import serving

_NODE, _MEMBER = "330203.taxation", "330203.approvals"
_DATASET, _QUESTION = "taxation.arrears", {"select": "balance"}
_ROWS = b'[{"balance":"1.00"}]'


@dataclass
class Department:
    """What calls itself a node: it signs receipts by `key`, None: none, and its log only grows unless told."""

    key: KeyPair | None
    grows: bool = True
    number: int = field(default=0, init=False)

    def receipt(self, method: str, path: str, body: bytes) -> str | None:
        self.number += 1 if self.grows or not self.number else 0
        if self.key is None:
            return None
        salt, now = secrets.token_bytes(16), datetime.now(UTC)
        asked = salted(salt, method.encode(), path.encode(), b"", body)
        said = Receipt(_NODE, self.number, "0" * 64, asked, salted(salt, _ROWS), salt.hex(), now, _MEMBER)
        return signer_of(self.key).sign(said)

    @contextmanager
    def served(self) -> Iterator[str]:
        """Its base URL, while it answers."""
        department = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self._answer(orjson.dumps({"node": _NODE}), None)

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                self._answer(_ROWS, department.receipt("POST", self.path, body))

            def _answer(self, content: bytes, receipt: str | None) -> None:
                self.send_response(200)
                self.send_header("content-type", names.JSON)
                self.send_header("content-length", str(len(content)))
                if receipt is not None:
                    self.send_header(names.RECEIPT, receipt)
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *said: object) -> None:
                """Nobody reads it."""

        with serving(HTTPServer(("127.0.0.1", 0), Handler)) as address:
            yield address


@dataclass(frozen=True)
class Caller:
    """Somebody with a key and the registry that lists `node` as the department's."""

    folder: Path
    node: KeyPair

    def profile(self, url: str, **changed: str) -> Profile:
        """Who asks there, and knows the registry."""
        return Profile(
            gateway=url,
            member=_MEMBER,
            system=f"{_MEMBER}/window",
            officer="officer-1",
            purpose="case:1",
            key_file="window.key.pem",
            folder=self.folder,
            authority_keys=orjson.loads((self.folder / "authority.json").read_bytes()),
            **{"registry_file": "registry.jws", **changed},
        )


@pytest.fixture
def caller(tmp_path: Path) -> Caller:
    authority, window, node = (keys.new_key() for _ in range(3))
    now = datetime.now(UTC)
    listed = [line(f"{_MEMBER}/window", window), line(f"{_NODE}/node", node, role="node")]
    document = {"number": 1, "expires": (now + timedelta(days=1)).isoformat(), "members": listed}
    (tmp_path / "registry.jws").write_text(signed.sign(document, authority))
    (tmp_path / "authority.json").write_bytes(orjson.dumps({authority.key_id: authority.public_hex}))
    (tmp_path / "window.key.pem").write_bytes(keys.write_private(window))
    return Caller(tmp_path, node)


@pytest.mark.parametrize("named", [_NODE, ""], ids=["named in the profile", "asked who it is"])
def test_an_answer_whose_receipt_holds_is_given(caller: Caller, named: str) -> None:
    with (
        Department(caller.node).served() as url,
        Bridge(caller.profile(url, node=named)) as bridge,
    ):
        for _ in range(2):
            assert bridge.ask(_DATASET, _QUESTION).data == orjson.loads(_ROWS)


def test_an_answer_without_one_is_not_given(caller: Caller) -> None:
    with (
        Department(None).served() as url,
        Bridge(caller.profile(url)) as bridge,
        pytest.raises(BadReceipt, match=f"no-receipt: {_NODE}"),
    ):
        bridge.ask(_DATASET, _QUESTION)


def test_an_answer_by_a_key_that_the_registry_does_not_list_is_not_given(caller: Caller) -> None:
    with (
        Department(keys.new_key()).served() as url,
        Bridge(caller.profile(url)) as bridge,
        pytest.raises(BadReceipt, match=f"unknown-key: {_NODE}"),
    ):
        bridge.ask(_DATASET, _QUESTION)


def test_a_second_answer_for_the_entry_of_the_first_is_not_given(caller: Caller) -> None:
    with Department(caller.node, grows=False).served() as url, Bridge(caller.profile(url)) as bridge:
        bridge.ask(_DATASET, _QUESTION)
        with pytest.raises(BadReceipt, match=f"repeated-receipt: {_NODE}"):
            bridge.ask(_DATASET, _QUESTION)


def test_nothing_is_asked_by_a_registry_that_cannot_be_relied_on(caller: Caller) -> None:
    department = Department(caller.node)
    with (
        department.served() as url,
        Bridge(caller.profile(url, registry_file="lost.jws")) as bridge,
        pytest.raises(BadProfile, match=r"lost\.jws"),
    ):
        bridge.ask(_DATASET, _QUESTION)
    assert department.number == 0


def test_who_does_not_know_the_registry_is_told_nothing_of_receipts(caller: Caller) -> None:
    with Department(None).served() as url:
        profile = Profile(gateway=url, node=_NODE)
        with Bridge(profile) as bridge:
            assert bridge.ask(_DATASET, _QUESTION).data == orjson.loads(_ROWS)
