"""`langqiao evidence verify`: run by anybody, offline, it says what of evidence holds, and repeats none of it."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import orjson
import pytest
from typer.testing import Result

from schemas.trust import signed
from schemas.trust.evidence import Part
from schemas.trust.keys import KeyPair, new_key
from tests.schemas.trust.kept import NODE, OTHER, WITNESS, Town
from tests.services.cli.tool import run


@dataclass
class Desk:
    """Somebody who has a file of evidence, and registries of some days."""

    folder: Path
    town: Town = field(default_factory=Town)
    authority: KeyPair = field(default_factory=new_key)

    def file(self, parts: Sequence[Part]) -> Path:
        path = self.folder / "evidence.json"
        path.write_bytes(orjson.dumps({"evidence": 1, "parts": [one.document() for one in parts]}))
        return path

    def registry(self, number: int, **told: object) -> Path:
        path = self.folder / f"registry-{number}.jws"
        path.write_text(signed.sign(self.town.registry(number, **told), self.authority))  # type: ignore[arg-type]
        return path

    def verify(self, file: Path, *options: str, registries: Sequence[Path] = ()) -> Result:
        named = [word for one in registries or [self.registry(1)] for word in ("--registry", str(one))]
        trusted = orjson.dumps({self.authority.key_id: self.authority.public_hex}).decode()
        return run("evidence", "verify", str(file), *named, "--authority", trusted, *options)


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def test_evidence_that_holds_is_told_check_by_check(desk: Desk) -> None:
    found = desk.verify(desk.file([desk.town.answer(), desk.town.stream()]))
    assert found.exit_code == 0, found.output
    assert "2 signed answers: all of it holds." in found.output
    assert f"1. {NODE}, workshop.repairs, signed at 2026-01-31T12:00:00+00:00 for {NODE}" in found.output
    assert found.output.count(" holds: ") == 12
    assert f"held since 2026-01-31T12:01:00+00:00 by {WITNESS}" in found.output


def test_one_altered_byte_among_many_is_named(desk: Desk) -> None:
    path = desk.file([desk.town.stream(), desk.town.answer(body=b'[{"name":"canary-1"}]')])
    path.write_bytes(path.read_bytes().replace(b"canary-1", b"canary-2"))
    found = desk.verify(path, "--json")
    said = [orjson.loads(line) for line in found.output.splitlines()]
    assert found.exit_code == 1
    assert [(one["part"], one["check"], one["reason"]) for one in said if not one["holds"]] == [
        (2, "answer", "altered"),
        (2, "log", "other-receipt"),
    ]
    assert "canary" not in found.output


def test_what_an_old_key_signed_is_judged_by_the_registries_of_its_day(desk: Desk) -> None:
    path, first = desk.file([desk.town.answer()]), desk.registry(1)
    later = desk.registry(2, day=5, without=(NODE,))
    earlier = desk.registry(3, day=0, without=(NODE,))
    assert desk.verify(path, registries=[first, later]).exit_code == 0
    assert "FAILS (unknown-key)" in desk.verify(path, registries=[later]).output
    assert "FAILS (revoked)" in desk.verify(path, registries=[first, earlier]).output


def test_without_a_time_token_only_the_department_says_when(desk: Desk) -> None:
    path = desk.file([replace(desk.town.answer(), tokens=())])
    found = desk.verify(path)
    assert (found.exit_code, "time      FAILS (no-token)" in found.output) == (1, True)
    assert desk.verify(path, "--without-time").exit_code == 0


def test_another_department_s_signature_is_none_of_the_department_s(desk: Desk) -> None:
    found = desk.verify(desk.file([desk.town.answer(signer=OTHER)]))
    assert (found.exit_code, "FAILS (another-node)" in found.output) == (1, True)


def test_receipts_are_told_for_whoever_verifies_the_log(desk: Desk) -> None:
    parts = [desk.town.answer(), desk.town.stream()]
    told = run("evidence", "receipts", str(desk.file(parts))).output.splitlines()
    assert told == [text for one in parts for text, _ in one.receipts()]
    assert len(told) == 4


def test_nothing_is_no_evidence(desk: Desk) -> None:
    assert desk.verify(desk.file([])).exit_code == 1


@pytest.mark.parametrize(
    "content", [b"", b"[]", b"{}", b'{"evidence": 1, "parts": [{}]}', b'{"evidence": 2, "parts": []}']
)
def test_what_is_no_file_of_evidence_is_refused(desk: Desk, content: bytes) -> None:
    path = desk.folder / "other.json"
    path.write_bytes(content)
    assert desk.verify(path).exit_code == 2


def test_a_registry_that_the_authority_did_not_sign_is_refused(desk: Desk) -> None:
    path, registry = desk.file([desk.town.answer()]), desk.registry(1)
    registry.write_text(signed.sign(desk.town.registry(1), new_key()))
    assert desk.verify(path, registries=[registry]).exit_code == 2


def test_what_is_written_in_a_file_does_not_reach_the_terminal(desk: Desk) -> None:
    said = desk.town.answer().document()
    said["question"]["path"] = "/records/\x1b[31mcanary/x"
    path = desk.folder / "evidence.json"
    path.write_bytes(orjson.dumps({"evidence": 1, "parts": [said, {**said, "node": "\x1b[31mcanary"}]}))
    assert "canary" not in desk.verify(path).output
    path.write_bytes(orjson.dumps({"evidence": 1, "parts": [said]}))
    found = desk.verify(path)
    assert (found.exit_code, "canary" in found.output, "\x1b" in found.output) == (1, False, False)
