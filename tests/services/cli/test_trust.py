"""`langqiao keys`, `registry`, `grants` and `token`: from nothing to a caller that a node knows."""

import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path

import orjson
import pytest

from schemas.trust import cases, registry, signed
from schemas.trust.token import TokenCache
from tests.services.cli.tool import run

_MEMBER = "330200.approvals"
_SYSTEM = "330200.approvals/window"
_NOW = datetime.now(UTC)


def _new_key(folder: Path, name: str, *further: str) -> dict[str, str]:
    ended = run("keys", "new", "--out", str(folder), "--name", name, *further)
    assert ended.exit_code == 0
    keys: dict[str, str] = orjson.loads(ended.stdout)["keys"]
    return keys


def _document(folder: Path, members: list[dict[str, object]]) -> Path:
    path = folder / "registry.json"
    dates = {"issued": _NOW.isoformat(), "expires": (_NOW + timedelta(days=1)).isoformat()}
    path.write_bytes(orjson.dumps({"number": 1, **dates, "members": members}))
    return path


def test_a_new_key_a_signed_registry_and_a_token_make_a_caller_that_is_known(tmp_path: Path) -> None:
    authority = _new_key(tmp_path, "authority")
    system = _new_key(
        tmp_path, "window", "--member", _MEMBER, "--system", _SYSTEM, "--gateway", "http://127.0.0.1:8000"
    )
    document = _document(tmp_path, [{"id": _MEMBER, "system": _SYSTEM, "keys": system}])
    out, key = tmp_path / "registry.jws", tmp_path / "authority.key.pem"
    assert run("registry", "sign", str(document), "--key", str(key), "--out", str(out)).exit_code == 0
    known = registry.from_document(signed.read(out.read_text(), authority))
    token = run("token", "--profile", str(tmp_path / "window.json")).stdout.strip()
    caller = TokenCache(10).check(token, known, datetime.now(UTC))
    assert (caller.member, caller.system) == (_MEMBER, _SYSTEM)


def test_whoever_reads_a_signed_document_while_the_next_takes_its_place_has_it_whole(tmp_path: Path) -> None:
    _new_key(tmp_path, "authority")
    document, out = _document(tmp_path, []), tmp_path / "registry.jws"
    sign = (
        "registry",
        "sign",
        str(document),
        "--key",
        str(tmp_path / "authority.key.pem"),
        "--out",
        str(out),
    )
    assert run(*sign).exit_code == 0
    former = out.read_bytes()
    with out.open("rb") as reading:
        document.write_bytes(document.read_bytes().replace(b'"number":1', b'"number":2'))
        assert run(*sign).exit_code == 0
        assert reading.read() == former
    assert out.read_bytes() != former
    assert stat.S_IMODE(out.stat().st_mode) == 0o644


@pytest.mark.parametrize("role", ["gateway", "node", "system"])
def test_the_line_of_a_new_key_can_stand_in_the_registry_as_it_is(tmp_path: Path, role: str) -> None:
    named = ("--member", "330200.gateway", "--system", "330200.gateway", "--role", role)
    ended = run("keys", "new", "--out", str(tmp_path), "--name", "gateway", *named)
    line = orjson.loads(ended.stdout)
    known = registry.from_document(orjson.loads(_document(tmp_path, [line]).read_bytes()))
    assert known.members["330200.gateway"].role == role


def test_a_case_is_referred_to_by_whoever_keeps_it(tmp_path: Path) -> None:
    keeper = _new_key(tmp_path, "cases", "--member", _MEMBER, "--system", "cases", "--role", "cases")
    line: dict[str, object] = {"id": _MEMBER, "system": "cases", "role": "cases", "keys": keeper}
    known = registry.from_document(orjson.loads(_document(tmp_path, [line]).read_bytes()))
    document, key, out = tmp_path / "case.json", tmp_path / "cases.key.pem", tmp_path / "case.jws"
    person = ("id-number", "330102199003070019")
    said = {"number": "2026-17", "member": _MEMBER, "opened": _NOW.isoformat(), "subjects": [person]}
    document.write_bytes(orjson.dumps(said))
    made = run("case", "refer", str(document), "--key", str(key), "--out", str(out))
    assert made.exit_code == 0, made.output
    assert stat.S_IMODE(out.stat().st_mode) == 0o600
    case = cases.check(out.read_text(), known, datetime.now(UTC))
    assert (case.number, case.member) == ("2026-17", _MEMBER)
    assert cases.about(case, person)
    wrongs: list[dict[str, object]] = [{"number": "张三"}, {"subjects": []}, {"subjects": ["id-number"]}]
    for wrong in (*wrongs, {"opened": "soon"}):
        document.write_bytes(orjson.dumps(said | wrong))
        refused = run("case", "refer", str(document), "--key", str(key), "--out", str(out))
        assert refused.exit_code == 2
        assert person[1] not in refused.output


def test_a_private_key_is_its_owners_alone_and_is_never_overwritten(tmp_path: Path) -> None:
    _new_key(tmp_path, "window")
    private = tmp_path / "window.key.pem"
    assert stat.S_IMODE(private.stat().st_mode) == 0o600
    before = private.read_bytes()
    assert run("keys", "new", "--out", str(tmp_path), "--name", "window").exit_code == 2
    assert private.read_bytes() == before


@pytest.mark.parametrize("noun", ["registry", "grants"])
def test_what_is_no_document_is_not_signed(tmp_path: Path, noun: str) -> None:
    _new_key(tmp_path, "authority")
    wrong = tmp_path / "wrong.json"
    wrong.write_text('{"number": 0}')
    ended = run(
        *(noun, "sign", str(wrong), "--key", str(tmp_path / "authority.key.pem")),
        *("--out", str(tmp_path / "out.jws")),
    )
    assert ended.exit_code == 2
    assert not (tmp_path / "out.jws").exists()


@pytest.mark.parametrize("command", [("registry", "sign"), ("grants", "sign"), ("case", "refer")])
@pytest.mark.parametrize(("held", "said"), [("no key", "no private key"), (None, "Is a directory")])
def test_a_file_that_holds_no_key_is_named_and_nothing_is_signed(
    tmp_path: Path, command: tuple[str, str], held: str | None, said: str
) -> None:
    document, key, out = tmp_path / "wanted.json", tmp_path / "wrong.key.pem", tmp_path / "out.jws"
    document.write_text("{}")
    key.mkdir() if held is None else key.write_text(held)
    ended = run(*command, str(document), "--key", str(key), "--out", str(out))
    assert ended.exit_code == 2, ended.output
    shown = " ".join(ended.stderr.replace("│", " ").split())
    assert "--key" in shown
    assert said in shown
    assert not out.exists()


def test_grants_are_signed_as_they_stand(tmp_path: Path) -> None:
    authority = _new_key(tmp_path, "authority")
    dates = {"not_before": _NOW.isoformat(), "expires": (_NOW + timedelta(days=1)).isoformat()}
    grant = {
        "id": "G-1",
        "member": _MEMBER,
        "dataset": "taxation.arrears",
        "items": ["balance"],
        "purpose": "核验",
    }
    document = {
        "number": 1,
        "issued": _NOW.isoformat(),
        "expires": dates["expires"],
        "grants": [grant | dates],
    }
    path, out = tmp_path / "grants.json", tmp_path / "grants.jws"
    path.write_bytes(orjson.dumps(document))
    key = str(tmp_path / "authority.key.pem")
    assert run("grants", "sign", str(path), "--key", key, "--out", str(out)).exit_code == 0
    assert signed.read(out.read_text(), authority) == document


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (None, "there is no such profile"),
        ("[]", "not a profile"),
        ('{"gateway": "http://127.0.0.1:8000", "key_file": "lost.key.pem"}', "cannot be read"),
        ('{"gateway": "http://127.0.0.1:8000"}', "can only ask anonymously"),
    ],
)
def test_a_profile_that_cannot_be_used_is_named_with_the_reason(
    tmp_path: Path, text: str | None, said: str
) -> None:
    profile = tmp_path / "profile.json"
    if text is not None:
        profile.write_text(text)
    ended = run("token", "--profile", str(profile))
    assert ended.exit_code == 2
    assert said in " ".join(ended.stderr.replace("│", " ").split())
