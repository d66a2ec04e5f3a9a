"""A person asks once, and is told by every department who asked about them; who stands between gains nothing by it."""

import logging
from collections.abc import Iterator

import pytest

from schemas.trust.about import PATH
from schemas.trust.vouching import Vouched, vouch
from tests.flow.persons.town import DESK, EAST, GATEWAY, SESSION, WEST, WINDOW, Town, running
from tests.flow.persons.town import POLICE as POLICE_DESK
from tests.services.engine.api import office

CREDIT_CODE = "91330100MA0TEXT128"


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    """One town for all; each test looks at persons of its own."""
    with running(tmp_path_factory.mktemp("town")) as made:
        yield made


def test_one_answer_tells_what_every_department_was_asked_newest_first(town: Town) -> None:
    town.look_at(0, purpose="grant:G-1")
    told = town.told(0)
    assert {one["node"] for one in told} == {EAST, WEST}
    assert [one["at"] for one in told] == sorted((one["at"] for one in told), reverse=True)
    for one in told:
        assert (one["system"], one["unit"], one["purpose"]) == (WINDOW, "unit-3", "grant:G-1")
        assert (one["use"], one["items"], one["searched"]) == ("核验", ["plate"], ["owner_id"])
        assert one["found"]
    assert "officer-7" not in str(told)


def test_sources_say_how_each_stands_and_bring_the_receipt_of_the_ask_itself(town: Town) -> None:
    town.look_at(1, purpose="grant:G-1", node=WEST)
    sources = {one["node"]: one for one in town.about(1).json()["sources"]}
    assert {node: one["state"] for node, one in sources.items()} == {EAST: "not_found", WEST: "found"}
    assert all(len(one["receipts"]) == 1 for one in sources.values())
    assert [one["act"] for one in town.told(1)] == ["view", "view", "read"]


def test_nobody_is_told_of_another_person_and_who_is_unknown_is_answered_alike(town: Town) -> None:
    town.look_at(2, purpose="grant:G-1")
    [nobody, other] = [town.about(number).json() for number in (997, 998)]
    for answer in (nobody, other):
        for one in answer["sources"]:
            del one["milliseconds"], one["read_at"], one["receipts"]
    assert nobody == other
    assert nobody["entries"] == []


def test_what_the_law_exempts_is_never_told_and_what_it_delays_is_told_in_time(town: Town) -> None:
    town.look_at(3, POLICE_DESK, "grant:P-1")
    town.look_at(3, POLICE_DESK, "grant:P-2")
    assert town.told(3) == []
    town.pass_by(days=31)
    later = [one for one in town.told(3) if one["act"] != "view"]
    assert sorted((one["node"], one["purpose"]) for one in later) == [
        (EAST, "grant:P-2"),
        (WEST, "grant:P-2"),
    ]


def test_pages_over_all_departments_hold_every_entry_once(town: Town) -> None:
    for _ in range(3):
        town.look_at(4, purpose="grant:G-1")
    pages: list[list[tuple[str, int]]] = []
    before: dict[str, int] = {}
    while True:
        answer = town.about(4, limit=2, before=before).json()
        pages.append([(one["node"], one["entry"]) for one in answer["entries"]])
        if answer["next"] is None:
            break
        before = answer["next"]
    assert [len(one) for one in pages[:3]] == [2, 2, 2]
    reads = [one for page in pages for one in page]
    assert len(set(reads)) == len(reads) >= 6
    times = {(one["node"], one["entry"]): one["at"] for one in town.told(4)}
    assert [times[one] for one in reads] == sorted((times[one] for one in reads), reverse=True)


def test_a_representative_is_told_of_the_enterprise_by_all_departments(town: Town) -> None:
    town.look_at(5, purpose="grant:G-1")
    refused = town.about(5, CREDIT_CODE)
    assert (refused.status_code, refused.json()["code"]) == (403, "not-represented")
    answer = town.about(9, CREDIT_CODE)
    assert answer.status_code == 200, answer.text
    shown = answer.json()["entries"]
    assert {one["node"] for one in shown if one["act"] == "read"} == {EAST, WEST}
    assert {one["node"] for one in shown if one["act"] == "verify"} == {EAST}, "its register said who asks"


def test_who_does_not_identify_persons_is_refused_by_the_departments(town: Town) -> None:
    word = Vouched(WINDOW, office.owner_id(0), SESSION, town.clock())
    answer = town.send(WINDOW, PATH, {"vouched": vouch(word, town.keys[WINDOW])}, SESSION)
    assert (answer.status_code, answer.json()["code"]) == (403, "vouching-required")
    word = Vouched(DESK, office.owner_id(0), SESSION, town.clock())
    answer = town.send(DESK, PATH, {"vouched": vouch(word, town.keys[WINDOW])}, SESSION)
    assert (answer.status_code, answer.json()["code"]) == (401, "bad-vouching")


@pytest.mark.parametrize(("by", "reason"), [(None, "missing"), (f"{WEST}/node", "wrong-sender")])
def test_no_department_that_was_asked_repeats_a_persons_look(by: str | None, reason: str, town: Town) -> None:
    """It was given the desk's token, officer, purpose and word, and has a key of its own."""
    word = vouch(Vouched(DESK, office.owner_id(9), SESSION, town.clock()), town.keys[DESK])
    assert town.send(DESK, PATH, {"vouched": word}, SESSION).status_code == 200
    for node in (GATEWAY, EAST):
        refused = town.send(DESK, PATH, {"vouched": word}, SESSION, node, by)
        assert (refused.status_code, refused.json()["reason"]) == (401, reason)


def test_no_identifier_stands_in_a_log_an_address_or_a_metric(
    town: Town, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    town.look_at(7, purpose="grant:G-1")
    answers = [town.about(7), town.about(7, CREDIT_CODE)]
    assert PATH in caplog.text
    ours = "\n".join(one.getMessage() for one in caplog.records if one.name.startswith("langqiao"))
    written = b"".join(
        path.read_bytes()
        for node in (EAST, WEST)
        for path in (town.folder / node).rglob("*")
        if path.is_file() and "access-log" in path.parts
    )
    said = (
        ours
        + str([dict(one.headers) for one in answers])
        + answers[1].text
        + written.decode(errors="replace")
    )
    for canary in (office.owner_id(7), CREDIT_CODE):
        assert canary not in said
        assert canary not in answers[0].text
