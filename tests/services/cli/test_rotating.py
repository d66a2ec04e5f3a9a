"""`langqiao keys rotate`: what it leaves in registry and key file, in one piece or by owner and authority apart."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import orjson
import pytest

from schemas.trust import keys, registry, signed
from schemas.trust.registry import Registry
from schemas.trust.ring import KeyRing, read_ring
from tests import registered
from tests.services.cli.tool import run

_SYSTEM, _OTHER = "330200.approvals/window", "330200.credit/node"
_SOON, _LATER = timedelta(minutes=5), timedelta(hours=30)


@dataclass(frozen=True)
class Desk:
    """An authority's key and registry, and a system's key file."""

    folder: Path
    old: keys.KeyPair

    @property
    def key(self) -> Path:
        return self.folder / "window.key.pem"

    @property
    def at_authority(self) -> tuple[str, ...]:
        return "--registry", str(self.registry_file), "--authority", str(self.folder / "authority.key.pem")

    @property
    def registry_file(self) -> Path:
        return self.folder / "registry.jws"

    @property
    def registry(self) -> Registry:
        return registry.from_document(signed.unchecked(self.registry_file.read_text()))

    @property
    def ring(self) -> KeyRing:
        return read_ring(self.key.read_bytes())


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    authority, old, other = keys.new_key(), keys.new_key(), keys.new_key()
    dates = {"issued": "2026-01-01T00:00:00Z", "expires": "2099-01-01T00:00:00Z"}
    members = [registered.line(system, key) for system, key in ((_SYSTEM, old), (_OTHER, other))]
    made = Desk(tmp_path, old)
    made.registry_file.write_text(signed.sign({"number": 7, **dates, "members": members}, authority))
    (tmp_path / "authority.key.pem").write_bytes(keys.write_private(authority))
    made.key.write_bytes(keys.write_private(old))
    return made


def _rotated(*arguments: str) -> dict[str, Any]:
    ended = run("keys", "rotate", *arguments)
    assert ended.exit_code == 0, ended.output
    said: dict[str, Any] = orjson.loads(ended.stdout)
    return said


def _both(desk: Desk) -> None:
    _rotated(_SYSTEM, "--key", str(desk.key), *desk.at_authority)


def _one_after_the_other(desk: Desk) -> None:
    said = _rotated(_SYSTEM, "--key", str(desk.key))
    [public] = said["keys"].values()
    _rotated(_SYSTEM, "--public", public, *desk.at_authority)


@pytest.mark.parametrize("rotate", [_both, _one_after_the_other])
def test_the_new_key_stands_beside_the_old_one_which_ends(desk: Desk, rotate: Callable[[Desk], None]) -> None:
    now = datetime.now(UTC)
    rotate(desk)
    new = desk.ring.at(now + _SOON)
    assert desk.ring.at(now).key_id == desk.old.key_id != new.key_id
    known = desk.registry
    assert known.number == 8
    assert {known.key(one.key_id, now + _SOON) is not None for one in (desk.old, new)} == {True}
    assert known.key(desk.old.key_id, now + _LATER) is None
    assert known.key(new.key_id, now + _LATER) is not None
    assert known.key(desk.old.key_id) is not None, "what it signed goes on to verify"
    assert known.members[_OTHER].until == {}


def test_an_end_that_was_set_stands_when_another_key_follows(desk: Desk) -> None:
    _both(desk)
    before = dict(desk.registry.members[_SYSTEM].until)
    _both(desk)
    after = desk.registry.members[_SYSTEM].until
    assert len(desk.registry.members[_SYSTEM].keys) == 3
    assert before.items() < after.items()


def test_a_registry_that_was_written_keeps_what_it_said(desk: Desk) -> None:
    _both(desk)
    known = desk.registry
    written = registry.to_document(known, datetime.now(UTC))
    assert registry.from_document(written) == known


def test_the_next_registry_is_made_from_what_the_signed_one_shows(desk: Desk) -> None:
    _both(desk)
    shown, document = run("registry", "show", str(desk.registry_file)), desk.folder / "registry.json"
    document.write_text(shown.stdout)
    assert orjson.loads(shown.stdout) == signed.unchecked(desk.registry_file.read_text())
    (desk.folder / "next.key.pem").write_bytes(keys.write_private(keys.new_key()))
    handed = run(
        *("registry", "rotate", str(document), "--key", str(desk.folder / "authority.key.pem")),
        *("--next", str(desk.folder / "next.key.pem"), "--out", str(desk.registry_file)),
    )
    assert (handed.exit_code, desk.registry.number) == (0, 9), handed.output
    assert len(desk.registry.members[_SYSTEM].keys) == 2


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((_SYSTEM,), "name one of"),
        ((_SYSTEM, "--key", "{key}", "--registry", "{registry}"), "together with"),
        ((_SYSTEM, "--public", "00" * 32), "needs the registry"),
        (("nobody", "--key", "{key}", "{authority}"), "lists no system nobody"),
        ((_SYSTEM, "--public", "xx", "{authority}"), "32 bytes in hex"),
        ((_SYSTEM, "--public", "00", "{authority}"), "32 bytes"),
        ((_SYSTEM, "--key", "{registry}", "{authority}"), "no private key"),
    ],
)
def test_what_cannot_be_rotated_leaves_all_as_it_was(
    desk: Desk, arguments: tuple[str, ...], said: str
) -> None:
    before = [path.read_bytes() for path in (desk.key, desk.registry_file)]
    filled: list[str] = []
    for one in arguments:
        if one == "{authority}":
            filled += desk.at_authority
        else:
            filled.append(one.format(key=desk.key, registry=desk.registry_file))
    ended = run("keys", "rotate", *filled)
    assert ended.exit_code == 2
    assert said in " ".join(ended.stderr.replace("│", " ").split())
    assert [path.read_bytes() for path in (desk.key, desk.registry_file)] == before


@pytest.mark.parametrize(
    "until",
    [5, [], {"nobody": "2026-01-01T00:00:00Z"}, "{no zone}"],
    ids=["number", "list", "stranger", "no zone"],
)
def test_an_end_that_is_none_is_refused(desk: Desk, until: Any) -> None:
    document = signed.unchecked(desk.registry_file.read_text())
    said = {desk.old.key_id: "2026-01-01T00:00:00"} if until == "{no zone}" else until
    document["members"][0]["until"] = said
    with pytest.raises(signed.DocumentRefused, match="malformed"):
        registry.from_document(document)
