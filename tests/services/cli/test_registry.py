"""`langqiao registry`: what it publishes, hands over and refuses, and how it ends."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import orjson
import pytest

from schemas.trust import handing, keys, signed
from schemas.trust.holding import Held, nothing, taken
from schemas.trust.ring import write_ring
from schemas.trust.signed import DocumentRefused
from schemas.trust.word import is_word
from tests import registered
from tests.services.cli.tool import run
from tests.serving import serving


class Keeper(HTTPServer):
    """A gateway that keeps the registry in memory, at a port of loopback. `came` are the texts, in their order."""

    def __init__(self, trusted: dict[str, str]) -> None:
        super().__init__(("127.0.0.1", 0), _Taking)
        self.held: Held = nothing(trusted)
        self.came: list[str] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class _Taking(BaseHTTPRequestHandler):
    server: Keeper

    def do_POST(self) -> None:
        text = self.rfile.read(int(self.headers["content-length"])).decode()
        self.server.came.append(text)
        try:
            self.server.held = taken(self.server.held, text, datetime.now(UTC))
            status, body = 200, handing.answer(self.server.held)
        except DocumentRefused as fault:
            problem = handing.refusal(fault, self.server.held)
            status, body = problem.status, problem.body()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *said: Any) -> None:
        """Nothing: what the tool says is on trial."""


@pytest.fixture
def authority(tmp_path: Path) -> keys.KeyPair:
    return _new(tmp_path / "authority.key.pem")


@pytest.fixture
def keeper(authority: keys.KeyPair) -> Iterator[Keeper]:
    server = Keeper({authority.key_id: authority.public_hex})
    with serving(server):
        yield server


@pytest.fixture
def document(tmp_path: Path) -> Path:
    path = tmp_path / "registry.json"
    now = datetime.now(UTC)
    dates = {"issued": now.isoformat(), "expires": (now + timedelta(days=1)).isoformat()}
    member = {"id": "330200.approvals", "system": "330200.approvals/window", "keys": {}}
    key = keys.new_key()
    member["keys"] = {key.key_id: key.public_hex}
    path.write_bytes(orjson.dumps({"number": 7, **dates, "members": [member]}))
    return path


@pytest.fixture
def registry(document: Path, authority: keys.KeyPair) -> Path:
    """The same, signed."""
    return _sign(document, document.with_name("authority.key.pem"))


def _new(path: Path) -> keys.KeyPair:
    key = keys.new_key()
    path.write_bytes(keys.write_private(key))
    return key


def _sign(document: Path, key: Path) -> Path:
    out = document.with_suffix(".jws")
    assert run("registry", "sign", str(document), "--key", str(key), "--out", str(out)).exit_code == 0
    return out


def test_publishing_brings_it_into_force_and_says_so(registry: Path, keeper: Keeper) -> None:
    ended = run("registry", "publish", str(registry), "--gateway", keeper.url)
    assert (ended.exit_code, ended.output) == (0, f"told     {keeper.url}: number 7 is in force\n")
    assert keeper.held.registry.number == 7


def test_publishing_with_a_key_confirms_it_at_once(registry: Path, keeper: Keeper) -> None:
    key = str(registry.with_name("authority.key.pem"))
    assert run("registry", "publish", str(registry), "--gateway", keeper.url, "--key", key).exit_code == 0
    assert keeper.held.word is not None


def test_confirming_sends_the_registry_only_where_it_is_not_in_force(registry: Path, keeper: Keeper) -> None:
    asked = ("registry", "confirm", str(registry), "--key", str(registry.with_name("authority.key.pem")))
    for sent in (3, 4):
        ended = run(*asked, "--gateway", keeper.url)
        assert ended.exit_code == 0, ended.output
        assert len(keeper.came) == sent
    assert keeper.held.word is not None


def test_whoever_confirms_again_and_again_signs_by_the_key_that_follows(
    document: Path, keeper: Keeper, monkeypatch: pytest.MonkeyPatch
) -> None:
    old, new = keys.new_key(), keys.new_key()
    listed = registered.line("330200.registrar", old, role="registrar")
    listed["keys"][new.key_id] = new.public_hex
    document.write_bytes(orjson.dumps(orjson.loads(document.read_bytes()) | {"members": [listed]}))
    signed_file = _sign(document, document.with_name("authority.key.pem"))
    file, begun = document.with_name("registrar.key.pem"), datetime.now(UTC) - timedelta(minutes=1)
    file.write_bytes(keys.write_private(old))

    def wait(seconds: float) -> None:
        if signed.key_id_of(keeper.came[-1]) == new.key_id:
            raise KeyboardInterrupt
        file.write_bytes(write_ring([(begun - timedelta(days=1), old), (begun, new)]))

    monkeypatch.setattr("services.cli.registry.time.sleep", wait)
    asked = ("--key", str(file), "--gateway", keeper.url, "--every", "60")
    assert "Traceback" not in run("registry", "confirm", str(signed_file), *asked).output
    confirmed = [signed.key_id_of(one) for one in keeper.came if is_word(signed.unchecked(one))]
    assert confirmed == [old.key_id, old.key_id, new.key_id]


def test_a_file_of_keys_that_follow_one_another_confirms_by_the_one_that_signs_now(
    registry: Path, authority: keys.KeyPair, keeper: Keeper
) -> None:
    now, file = datetime.now(UTC), registry.with_name("authority.key.pem")
    before, after = keys.new_key(), keys.new_key()
    ring = [
        (now - timedelta(days=2), before),
        (now - timedelta(days=1), authority),
        (now + timedelta(days=1), after),
    ]
    file.write_bytes(write_ring(ring))
    ended = run("registry", "publish", str(registry), "--gateway", keeper.url, "--key", str(file))
    assert (ended.exit_code, keeper.held.word is not None) == (0, True), ended.output


def test_an_older_registry_is_refused_and_the_one_in_force_is_named(
    registry: Path, document: Path, keeper: Keeper
) -> None:
    run("registry", "publish", str(registry), "--gateway", keeper.url)
    document.write_bytes(orjson.dumps({**orjson.loads(document.read_bytes()), "number": 6}))
    registry.unlink()
    older = _sign(document, registry.with_name("authority.key.pem"))
    ended = run("registry", "publish", str(older), "--gateway", keeper.url)
    assert (ended.exit_code, ended.stderr) == (
        1,
        f"refused  {keeper.url}: older; number 7 is in force there\n",
    )


@pytest.mark.parametrize("number", [6, 7])
def test_a_registry_is_not_written_over_one_that_it_does_not_follow(
    registry: Path, document: Path, number: int
) -> None:
    before, key = registry.read_bytes(), str(registry.with_name("authority.key.pem"))
    _new(registry.with_name("next.key.pem"))
    following = ("--next", str(registry.with_name("next.key.pem")))
    document.write_bytes(orjson.dumps({**orjson.loads(document.read_bytes()), "number": number}))
    signing = run("registry", "sign", str(document), "--key", key, "--out", str(registry))
    document.write_bytes(orjson.dumps({**orjson.loads(document.read_bytes()), "number": number - 1}))
    rotating = run("registry", "rotate", str(document), "--key", key, *following, "--out", str(registry))
    for ended in (signing, rotating):
        assert ended.exit_code == 2
        said = " ".join(ended.stderr.replace("│", " ").split())
        assert f"number 7 stands there, and number {number} does not follow it" in said
    assert registry.read_bytes() == before


def test_a_key_that_may_not_confirm_is_refused(registry: Path, keeper: Keeper, tmp_path: Path) -> None:
    _new(tmp_path / "other.key.pem")
    ended = run(
        "registry",
        "confirm",
        str(registry),
        "--key",
        str(tmp_path / "other.key.pem"),
        "--gateway",
        keeper.url,
    )
    assert (ended.exit_code, ended.stderr) == (
        1,
        f"refused  {keeper.url}: unknown-key; number 7 is in force there\n",
    )


def test_where_nobody_answers_is_said_and_the_others_are_told(registry: Path, keeper: Keeper) -> None:
    ended = run(
        "registry", "publish", str(registry), "--gateway", "http://127.0.0.1:1", "--gateway", keeper.url
    )
    assert ended.exit_code == 3
    assert "Nobody answers at http://127.0.0.1:1 (ConnectError)." in ended.stderr
    assert keeper.held.registry.number == 7


def test_a_broker_that_is_away_is_said(registry: Path) -> None:
    told: dict[str, str | None] = {
        "LANGQIAO_OPERATOR_DEPARTMENTS": '["330200.credit"]',
        "LANGQIAO_OPERATOR_ENVIRONMENT": "city",
        "LANGQIAO_OPERATOR_BOOTSTRAP_SERVERS": "127.0.0.1:1",
    }
    ended = run("registry", "publish", str(registry), "--topic", environment=told)
    assert ended.exit_code == 3
    assert "the broker at 127.0.0.1:1 does not take it" in ended.stderr


@pytest.mark.parametrize(
    ("content", "arguments", "code"),
    [
        (None, (), 2),
        ("no registry", ("--gateway", "http://127.0.0.1:1"), 1),
        (None, ("--gateway", "http://127.0.0.1:1", "--tls-ca", "none.pem"), 2),
        (None, ("--gateway", "http://127.0.0.1:1", "--key", __file__), 2),
    ],
    ids=["nowhere", "no registry", "no authority", "no key"],
)
def test_a_wrong_use_is_said(
    registry: Path, content: str | None, arguments: tuple[str, ...], code: int
) -> None:
    if content is not None:
        registry.write_text(content)
    ended = run("registry", "publish", str(registry), *arguments)
    assert ended.exit_code == code
    assert "Traceback" not in ended.output


def test_the_authoritys_key_is_handed_over_by_one_command(
    registry: Path, document: Path, keeper: Keeper, tmp_path: Path
) -> None:
    following = _new(tmp_path / "next.key.pem")
    run("registry", "publish", str(registry), "--gateway", keeper.url)
    handed = run(
        *("registry", "rotate", str(document), "--key", str(tmp_path / "authority.key.pem")),
        *("--next", str(tmp_path / "next.key.pem"), "--out", str(registry)),
    )
    assert handed.exit_code == 0, handed.output
    assert (
        f"number 8 hands over from {signed.key_id_of(registry.read_text())} to {following.key_id}"
        in handed.output
    )
    assert run("registry", "publish", str(registry), "--gateway", keeper.url).exit_code == 0
    later = {**orjson.loads(document.read_bytes()), "number": 9}
    document.write_bytes(orjson.dumps(later))
    by_next = _sign(document, tmp_path / "next.key.pem")
    ended = run("registry", "publish", str(by_next), "--gateway", keeper.url)
    assert (ended.exit_code, keeper.held.registry.number) == (0, 9), ended.output


def test_a_key_hands_over_once(document: Path, authority: keys.KeyPair, tmp_path: Path) -> None:
    for name in ("next", "another"):
        _new(tmp_path / f"{name}.key.pem")

    def rotate(name: str) -> int:
        return run(
            *("registry", "rotate", str(document), "--key", str(tmp_path / "authority.key.pem")),
            *("--next", str(tmp_path / f"{name}.key.pem"), "--out", str(tmp_path / "out.jws")),
        ).exit_code

    assert rotate("next") == 0
    before = document.read_bytes()
    assert rotate("another") == 2
    assert document.read_bytes() == before


def test_a_registrars_key_is_made_with_its_role(tmp_path: Path) -> None:
    ended = run("keys", "new", "--out", str(tmp_path), "--name", "registrar", "--role", "registrar")
    assert orjson.loads(ended.stdout)["role"] == "registrar"
