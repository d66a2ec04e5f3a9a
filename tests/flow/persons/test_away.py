"""`langqiao log about` at a town of which one department goes away, then the other: none is passed over in silence."""

from pathlib import Path

from schemas.trust import keys
from services.client.profile import Profile
from tests.flow.persons.town import DESK, EAST, SESSION, WEST, Town, running
from tests.services.cli.tool import run
from tests.services.engine.api import office

_LOST = f"Missing: {WEST} (down)."


def _profile(made: Town) -> str:
    (made.folder / "desk.key.pem").write_bytes(keys.write_private(made.keys[DESK]))
    member = DESK.partition("/")[0]
    path = made.folder / "desk.json"
    Profile(
        gateway=made.url(),
        member=member,
        system=DESK,
        officer="self-service",
        purpose=SESSION,
        key_file="desk.key.pem",
    ).save(path)
    return str(path)


def test_what_is_left_is_told_and_what_is_missing_is_named(tmp_path: Path) -> None:
    with running(tmp_path) as made:
        made.look_at(6, purpose="grant:G-1")
        profile, person = _profile(made), tmp_path / "person"
        person.write_text(f"{office.owner_id(6)}\n")
        command = ("log", "about", str(person), "--profile", profile)
        whole = run(*command, "--count", "1")
        assert whole.exit_code == 0, whole.output
        assert "There are older entries: --count 2 shows more." in whole.output
        assert "Missing" not in whole.output
        made.stop(WEST)
        answer = made.about(6).json()
        assert not answer["complete"]
        assert {one["node"]: one["state"] for one in answer["sources"]} == {EAST: "found", WEST: "down"}
        assert {one["node"] for one in answer["entries"]} == {EAST}
        told = run(*command)
        assert told.exit_code == 0
        assert "That is all." in told.output
        assert _LOST in told.output
        made.stop(EAST)
        nothing = made.about(6)
        assert (nothing.status_code, nothing.json()["code"]) == (503, "source-missing")
        refused = run(*command)
        assert refused.exit_code == 1
        assert office.owner_id(6) not in whole.output + told.output + refused.output + nothing.text


def test_what_is_no_id_number_is_sent_nowhere(tmp_path: Path) -> None:
    person = tmp_path / "person"
    person.write_text("33020319800101000")
    refused = run("log", "about", str(person), "--profile", str(tmp_path / "none.json"))
    assert refused.exit_code == 2
    assert "33020319800101000" not in refused.output
