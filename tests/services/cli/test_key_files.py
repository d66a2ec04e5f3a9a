"""`langqiao keys …` and its files: whichever of them is absent, cannot be read, was cut short or is of another kind,
the command says which and why, and nothing was written."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from shutil import copytree

import orjson
import pytest

from schemas.trust import keys, signed
from schemas.trust.link_keys import LinkKeys, new_link_key, write_link_keys
from schemas.trust.ring import write_ring
from services.engine.pseudonym_keys import PseudonymKey, write_keys
from tests import registered
from tests.services.cli.tool import department, run

_BEFORE, _LATER = datetime(2026, 1, 1, tzinfo=UTC), datetime(2098, 1, 1, tzinfo=UTC)
_SYSTEM = "330200.approvals/window"
_ENDS = ("roll.persons.id_number", "trade.shops.owner_id")


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a good file of every kind that the commands read, by the name that the cases use."""
    folder = tmp_path_factory.mktemp("keys")
    key, following, authority = keys.new_key(), keys.new_key(), keys.new_key()
    dates = {"issued": "2026-01-01T00:00:00Z", "expires": "2099-01-01T00:00:00Z"}
    document = {"number": 7, **dates, "members": [registered.line(_SYSTEM, key)]}
    files = {
        "window": write_ring([(_BEFORE, key), (_LATER, following)]),
        "authority": keys.write_private(authority),
        "next": keys.write_private(following),
        "registry": signed.sign(document, authority).encode(),
        "document": orjson.dumps(document),
        "pseudonym": write_keys([PseudonymKey(b"n" * 32), PseudonymKey(b"o" * 32)]),
        "links": write_link_keys(LinkKeys({_ENDS: (new_link_key(_BEFORE),)})),
    }
    for name, content in files.items():
        (folder / name).write_bytes(content)
    assert run("keys", "tls", "authority", "--out", str(folder / "ca")).exit_code == 0
    assert run("keys", "tls", "authority", "--out", str(folder / "ca"), "--renew").exit_code == 0
    issued = ("--authority", str(folder / "ca"), "--name", "n", "--out", str(folder))
    assert run("keys", "tls", "issue", *issued).exit_code == 0
    return folder


@pytest.fixture
def folder(whole: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of it, in which the commands run."""
    folder = copytree(whole, tmp_path / "keys")
    monkeypatch.chdir(folder)
    return folder


_ROTATE = ("rotate", _SYSTEM, "--key", "window", "--registry", "registry", "--authority", "authority")
_RENEW = ("keys", "tls", "authority", "--out", "ca", "--renew")
_ISSUE = ("keys", "tls", "issue", "--authority", "ca", "--name", "m", "--out", ".")
_HAND_OVER = ("registry", "rotate", "document", "--key", "authority", "--next", "next", "--out", "made")
#: Each file that a command reads, with the command as it would succeed.
_READ: dict[str, tuple[str, tuple[str, ...]]] = {
    "a system's key": ("window", ("keys", *_ROTATE)),
    "the registry": ("registry", ("keys", *_ROTATE)),
    "the authority's key": ("authority", ("keys", *_ROTATE)),
    "a pseudonym key": ("pseudonym", ("keys", "rotate", "pseudonym", "--key", "pseudonym")),
    "a link's keys": ("links", ("keys", "link", *_ENDS, "--into", "links", "--into", "made")),
    "another's link's keys": ("links", ("keys", "link", *_ENDS, "--into", "made", "--from", "links")),
    "the TLS authority that is renewed": ("ca/ca.pem", _RENEW),
    "the key of that": ("ca/ca.key.pem", _RENEW),
    "the TLS authority": ("ca/ca.pem", _ISSUE),
    "the TLS authority's key": ("ca/ca.key.pem", _ISSUE),
    "how it was bridged": (
        "ca/ca.bridging.pem",
        ("keys", "tls", "renew", "n.tls.pem", "--authority", "ca"),
    ),
    "a certificate": ("n.tls.pem", ("keys", "tls", "renew", "n.tls.pem", "--authority", "ca")),
    "the key handed over": ("authority", _HAND_OVER),
    "the next key": ("next", _HAND_OVER),
    "the registry's JSON": ("document", _HAND_OVER),
    "what is shown": ("registry", ("registry", "show", "registry")),
    "what is signed": ("document", ("registry", "sign", "document", "--key", "authority", "--out", "made")),
}


def _absent(path: Path) -> None:
    path.unlink()


def _unreadable(path: Path) -> None:
    """A folder, since whoever runs the tests may be one to whom every file is open."""
    path.unlink()
    path.mkdir()


def _cut_short(path: Path) -> None:
    """Of a signed text so much stays as is no base64, for what shows it checks no signature."""
    path.write_bytes(path.read_bytes()[:-41])


def _of_another_kind(path: Path) -> None:
    """A key of a suite where none is looked for, and else of a link."""
    other = "links" if path.name in ("window", "authority", "next", "pseudonym") else "window"
    path.write_bytes((path.parents[1 if path.parent.name == "ca" else 0] / other).read_bytes())


_DAMAGED: list[Callable[[Path], None]] = [_absent, _unreadable, _cut_short, _of_another_kind]
#: A department makes its own file of links' keys; an authority need not have been bridged.
_MAY_BE_ABSENT = {("a link's keys", _absent), ("how it was bridged", _absent)}


def _state(folder: Path) -> dict[Path, bytes | None]:
    return {one: one.read_bytes() if one.is_file() else None for one in folder.rglob("*")}


@pytest.mark.parametrize("damage", _DAMAGED)
@pytest.mark.parametrize("what", _READ)
def test_a_file_that_cannot_be_used_is_named_and_nothing_is_written(
    what: str, damage: Callable[[Path], None], folder: Path
) -> None:
    name, command = _READ[what]
    damage(folder / name)
    before = _state(folder)
    ended = run(*command)
    if (what, damage) in _MAY_BE_ABSENT:
        assert ended.exit_code == 0, ended.output
        return
    assert ended.exit_code == 2, ended.output
    assert name.split("/")[0] in ended.stderr
    assert isinstance(ended.exception, SystemExit)
    assert _state(folder) == before


@pytest.mark.parametrize("what", _READ)
@pytest.mark.usefixtures("folder")
def test_whole_files_of_the_right_kind_are_used(what: str) -> None:
    ended = run(*_READ[what][1])
    assert ended.exit_code == 0, ended.output


#: Commands that write at a place where nothing can be written, for a file stands where a folder is to be.
_UNWRITABLE = {
    "a new key": ("keys", "new", "--out", "window"),
    "a link's keys": ("keys", "link", *_ENDS, "--into", "window/links"),
    "a TLS authority": ("keys", "tls", "authority", "--out", "window"),
    "a certificate": ("keys", "tls", "issue", "--authority", "ca", "--name", "m", "--out", "window"),
    "a registry": ("registry", "sign", "document", "--key", "authority", "--out", "window/registry"),
}


@pytest.mark.parametrize("what", _UNWRITABLE)
def test_a_place_where_nothing_can_be_written_is_named(what: str, folder: Path) -> None:
    before = _state(folder)
    ended = run(*_UNWRITABLE[what])
    assert (ended.exit_code, type(ended.exception)) == (2, SystemExit)
    assert "window" in ended.stderr
    assert _state(folder) == before


@pytest.mark.parametrize("damage", _DAMAGED)
def test_no_key_is_retired_in_a_file_that_cannot_be_used(
    damage: Callable[[Path], None], folder: Path
) -> None:
    environment = department(folder) | {"LANGQIAO_PSEUDONYM_KEY_FILE": "pseudonym"}
    damage(folder / "pseudonym")
    before = _state(folder)
    ended = run("keys", "retire", "pseudonym", environment=environment)
    assert (ended.exit_code, type(ended.exception)) == (2, SystemExit)
    assert "pseudonym" in ended.stderr.lower()
    assert _state(folder) == before
