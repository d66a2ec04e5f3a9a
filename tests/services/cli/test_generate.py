"""`langqiao contract generate` writes what is not there or not so, removes what no longer follows, and then rests."""

from pathlib import Path

from schemas.contracts.load import load_all
from schemas.derived.documents import documents
from tests.services.cli.tool import run


def test_it_writes_every_document_once(tmp_path: Path) -> None:
    folder = tmp_path / "new"
    assert run("contract", "generate", "--into", str(folder)).exit_code == 0
    found = {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*.*")}
    assert found == documents(load_all())
    assert run("contract", "generate", "--into", str(folder)).output == ""


def test_it_mends_and_removes(tmp_path: Path) -> None:
    run("contract", "generate", "--into", str(tmp_path))
    (tmp_path / "problems.md").write_text("old")
    (tmp_path / "events" / "harbour.boats.v1.public.json").touch()
    said = run("contract", "generate", "--into", str(tmp_path)).output
    assert said.splitlines() == ["removed  events/harbour.boats.v1.public.json", "written  problems.md"]
    assert (tmp_path / "problems.md").read_bytes() == documents(load_all())["problems.md"]
