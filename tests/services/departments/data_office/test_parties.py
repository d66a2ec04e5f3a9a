"""The parties of a matter read all of it at the office, and nobody else learns whether there is one: what is agreed to,
verified or decided is seen first. Each look is entered with whom it is about."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest
import pytest_asyncio

from services.client.signing import Signing
from tests.clock import Clock
from tests.flow.access.described import operations
from tests.services.departments.data_office.conftest import (
    ASKED,
    CASE,
    DIVISION,
    OFFICE,
    OTHER,
    PROVIDER,
    REQUESTER,
    Bureau,
    Trust,
    make_settings,
    make_trust,
    opened,
)
from tests.services.departments.data_office.shown import (
    Shown,
    filed,
    log,
    look_again,
    looked,
    seen,
    shown,
)
from tests.services.engine.api.logged import entries_of, named
from tests.services.engine.log.desk import full_disk

__all__ = ["shown"]

pytestmark = pytest.mark.asyncio(loop_scope="module")

_GATEWAY = f"{DIVISION}.gateway"
_AFAR, _JUDGE = "330100.approvals", "330000.data_office"
_ENTRY = f"{PROVIDER}.legal_representatives:1.0.0"
#: What the department has to see before it agrees.
_UNTOLD = {**ASKED, "untold": "监察法 第十八条"}


@pytest.fixture(scope="module")
def trust(tmp_path_factory: pytest.TempPathFactory) -> Trust:
    further = {_GATEWAY: "gateway", f"{_AFAR}/window": "system", f"{_JUDGE}/window": "system"}
    return make_trust(tmp_path_factory.mktemp("trust"), **further)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def bureau(
    trust: Trust, seeded: Path, clock: Clock, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Bureau]:
    async with opened(
        make_settings(tmp_path_factory.mktemp("parties"), trust, seeded), trust, clock
    ) as running:
        yield running


async def _asked(bureau: Bureau, member: str, path: str, **headers: str) -> httpx.Response:
    async with bureau.client(member) as client:
        return await client.get(f"/office/{path}", headers=headers)


async def _matter(bureau: Bureau, member: str, path: str) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """The record, and the steps with what they say, as the member is shown them."""
    answer = await _asked(bureau, member, path)
    assert answer.status_code == 200, answer.text
    told = answer.json()
    return told["record"], [{**one, "facts": orjson.loads(one["facts"] or "null")} for one in told["steps"]]


async def _taken(bureau: Bureau, member: str, path: str, **said: Any) -> dict[str, Any]:
    answer = await bureau.take(member, path, said)
    assert answer.status_code == 201, answer.text
    told: dict[str, Any] = answer.json()
    return told


def _entries(bureau: Bureau) -> list[dict[str, Any]]:
    return entries_of(bureau.app.plane.node.settings)  # type: ignore[attr-defined]


async def test_whoever_applies_is_told_all_gaps_in_the_answer(bureau: Bureau) -> None:
    poor = {"dataset": ASKED["dataset"], "items": ["name", "shoe_size"], "mode": "pigeon"}
    answer = await bureau.take(REQUESTER, "requests", poor, key="poor")
    told = answer.json()
    assert told["steps"] == ["applied", "gaps-noticed"]
    assert {"items", "legal_basis", "mode", "until"} <= {one["field"] for one in told["gaps"]}
    assert all(one["reason"] for one in told["gaps"])
    assert (await bureau.take(REQUESTER, "requests", poor, key="poor")).json()["gaps"] == told["gaps"]
    path = f"requests/{told['request_id']}"
    _, steps = await _matter(bureau, REQUESTER, path)
    assert steps[1]["facts"]["gaps"] == told["gaps"]
    again = await _taken(bureau, REQUESTER, f"{path}/supplemented", **{**ASKED, "legal_basis": ""})
    assert (again["steps"], [one["field"] for one in again["gaps"]]) == (["supplemented"], ["legal_basis"])
    assert "gaps" not in await _taken(bureau, REQUESTER, f"{path}/ended", reason="done")


@pytest.mark.parametrize("member", [REQUESTER, PROVIDER, OFFICE])
async def test_the_parties_of_a_request_see_all_of_it_before_it_is_agreed_to(
    bureau: Bureau, member: str
) -> None:
    request_id = (await _taken(bureau, REQUESTER, "requests", **_UNTOLD))["request_id"]
    record, [step] = await _matter(bureau, member, f"requests/{request_id}")
    assert (record["request_id"], record["untold"], record["steps"]) == (request_id, _UNTOLD["untold"], 1)
    assert (step["kind"], step["officer"], step["second"]) == ("applied", "officer-1", "head-1")
    assert (step["facts"]["untold"], step["facts"]["legal_basis"]) == (
        _UNTOLD["untold"],
        ASKED["legal_basis"],
    )


async def test_whoever_decides_a_dispute_is_a_party_from_then_on(bureau: Bureau) -> None:
    request_id = (await _taken(bureau, _AFAR, "requests", **ASKED))["request_id"]
    path = f"requests/{request_id}"
    assert (await _asked(bureau, _JUDGE, path)).status_code == 404
    await _taken(bureau, _AFAR, f"{path}/disputed", reason="no answer")
    _, steps = await _matter(bureau, _JUDGE, path)
    assert steps[-1]["facts"] == {"reason": "no answer", "decided_by": "330000"}
    assert (await _asked(bureau, OTHER, path)).status_code == 404


async def test_whoever_filed_reads_the_reasons_and_the_department_what_it_verifies(
    bureau: Bureau, shown: Shown
) -> None:
    correction = await filed(bureau, reason="已搬迁至 X")
    record, [step] = await _matter(bureau, PROVIDER, f"corrections/{correction}")
    assert (record["record"], step["facts"]["reason"]) == (step["facts"]["record"], "已搬迁至 X")
    await _taken(bureau, PROVIDER, f"corrections/{correction}/upheld", reason="as registered")
    for member in (REQUESTER, OFFICE):
        record, steps = await _matter(bureau, member, f"corrections/{correction}")
        assert (record["state"], steps[-1]["facts"]) == ("upheld", {"reason": "as registered"})


async def test_what_a_subject_filed_is_shown_to_the_member_at_whose_window_it_was(
    bureau: Bureau, shown: Shown
) -> None:
    shown.identified = "identified:visit-1"
    path = f"corrections/{await filed(bureau, vouched='a signed word')}"
    record, [step] = await _matter(bureau, REQUESTER, path)
    assert (record["by_subject"], record["filed_by"]) == (True, REQUESTER)
    assert step["facts"]["identified"] == "identified:visit-1"
    assert (await _asked(bureau, OTHER, path)).status_code == 404


async def test_what_the_office_saw_at_the_department_is_told_to_it_and_not_to_whoever_filed(
    bureau: Bureau, shown: Shown
) -> None:
    absent = await filed(bureau)
    await look_again(bureau)
    _, [_, look] = await _matter(bureau, REQUESTER, f"corrections/{absent}")
    assert (look["kind"], look["facts"]) == ("looked", None), "as of a record that is there"
    correction = await looked(bureau, shown)
    shown.proof, shown.log = seen(4, "address"), log(f"{OTHER}/window", f"{REQUESTER}/window")
    await _taken(bureau, PROVIDER, f"corrections/{correction}/corrected", received_by=[f"{OTHER}/file"])
    await look_again(bureau)
    told = {}
    for member in (PROVIDER, OFFICE, REQUESTER):
        _, steps = await _matter(bureau, member, f"corrections/{correction}")
        told[member] = {(one["number"], one["kind"]): one["facts"] for one in steps}
    everything = {kind: facts for (_, kind), facts in told[PROVIDER].items()}
    assert told[OFFICE] == told[PROVIDER]
    assert everything["looked"]["was"]
    assert everything["receivers-read"]["received_by"] == sorted([f"{OTHER}/window", f"{REQUESTER}/window"])
    mine = told[REQUESTER]
    assert mine.keys() == told[PROVIDER].keys()
    seen_there = [facts for (_, kind), facts in mine.items() if kind in ("looked", "receivers-read")]
    assert seen_there == [None, None]
    assert OTHER not in str(mine), "whom else the value had reached"
    notified = [facts["systems"] for (_, kind), facts in mine.items() if kind == "notified"]
    assert notified == [[], [f"{REQUESTER}/window"]]


async def test_an_entry_is_told_to_its_department_and_the_authority(bureau: Bureau) -> None:
    for member in (PROVIDER, OFFICE):
        record, steps = await _matter(bureau, member, f"entries/{_ENTRY}")
        assert (record["entry_id"], len(steps)) == (_ENTRY, record["steps"])
    assert (await _asked(bureau, REQUESTER, f"entries/{_ENTRY}")).status_code == 404


@pytest.mark.parametrize("kind", ["requests", "corrections", "entries"])
async def test_to_everybody_else_it_is_as_if_there_were_none(bureau: Bureau, shown: Shown, kind: str) -> None:
    ids = {
        "requests": (await _taken(bureau, REQUESTER, "requests", **ASKED))["request_id"],
        "corrections": await filed(bureau),
        "entries": _ENTRY,
    }
    answers = [
        await _asked(bureau, OTHER, f"{kind}/{one}", **{"Langqiao-Question": "q-1"})
        for one in (ids[kind], ids[kind][:-1] + "~", "R-2026-000001" if kind == "corrections" else "C-1")
    ]
    assert {(one.status_code, one.content, tuple(sorted(one.headers))) for one in answers} == {
        (404, answers[0].content, tuple(sorted(answers[0].headers)))
    }
    assert answers[0].json()["code"] == "unknown-record"
    for entry in _entries(bureau)[-3:]:
        assert (entry["member"], entry["officer"], entry["records"]) == (OTHER, "officer-1", 0)
        assert len(entry["subjects"]) == 1, "what was asked about, and nothing of what is there"


async def test_each_look_is_entered_with_whom_it_is_about(bureau: Bureau, shown: Shown) -> None:
    record = "91330281MA0000189M"
    correction = await filed(bureau, record=record, item="name")
    before = len(_entries(bureau))
    await _matter(bureau, PROVIDER, f"corrections/{correction}")
    steps, matter = _entries(bureau)[before:]
    assert (steps["dataset"], matter["dataset"]) == (
        "data_office.correction_steps",
        "data_office.corrections",
    )
    assert {"facts", "officer", "second"} <= set(steps["items"])
    assert "record" in matter["items"]
    about = {
        named("credit-code", record),
        named("data_office.corrections.record", record),
        named("data_office.corrections.correction_id", correction),
        named("data_office.corrections.filed_by", REQUESTER),
    }
    for entry in (steps, matter):
        assert set(entry["subjects"]) == about
        assert (entry["act"], entry["member"], entry["officer"]) == ("read", PROVIDER, "officer-1")
        assert entry["purpose"] == CASE
    assert (steps["records"], matter["records"]) == (1, 1)


async def test_a_record_that_is_to_be_mended_is_entered_where_a_deadline_names_it(
    bureau: Bureau, shown: Shown
) -> None:
    record = "91330281MA0000197A"
    correction = await looked(bureau, shown, record=record)
    shown.proof, shown.log = seen(4, "address"), log(f"{REQUESTER}/window")
    await _taken(bureau, PROVIDER, f"corrections/{correction}/corrected")
    await look_again(bureau)
    before = len(_entries(bureau))
    assert record in (await _asked(bureau, REQUESTER, "deadlines?within=20")).text
    [entry] = [one for one in _entries(bureau)[before:] if one["dataset"] == "data_office.corrections"]
    assert named("data_office.corrections.record", record) in entry["subjects"]


async def test_nobody_is_shown_it_without_a_token_an_officer_and_a_purpose_or_through_a_gateway(
    bureau: Bureau, trust: Trust
) -> None:
    path = f"/office/entries/{_ENTRY}"
    async with bureau.client(PROVIDER) as client:
        assert (await client.get(path, headers={"Authorization": ""})).status_code == 401
        for header in ("Langqiao-Purpose", "Langqiao-Officer"):
            kept = client.headers.pop(header)
            assert (await client.get(path)).json()["code"] == "purpose-required"
            client.headers[header] = kept
        client.auth = Signing(trust.systems[_GATEWAY])
        answer = await client.get(path)
    assert (answer.status_code, answer.json()["reason"]) == (401, "wrong-sender")


async def test_the_answer_has_the_form_that_the_office_describes(bureau: Bureau, shown: Shown) -> None:
    async with bureau.client(OFFICE) as client:
        document = (await client.get("/openapi.json")).json()
    paths = {
        "/office/requests/{request_id}": "requests/R-2026-000001",
        "/office/corrections/{correction_id}": f"corrections/{await filed(bureau)}",
        "/office/entries/{entry_id}": f"entries/{_ENTRY}",
    }
    for address, path in paths.items():
        [described] = [one for one in operations(document) if (one.method, one.path) == ("get", address)]
        answer = await _asked(bureau, OFFICE, path)
        assert described.is_valid_response(answer)
        told = answer.json()
        kind = told["matter"].removeprefix("data_office.")
        assert (
            told["record"].keys()
            == document["components"]["schemas"][f"data_office.{kind}.v1"]["properties"].keys()
        )
        other = httpx.Response(200, json={**told, "steps": [{"kind": "many"}]}, request=answer.request)
        other.elapsed = answer.elapsed
        assert not described.is_valid_response(other)


async def test_what_cannot_be_entered_is_not_shown(bureau: Bureau) -> None:
    # The last of all: a log that could not be written takes a while to go on.
    with full_disk(10):
        for member in (PROVIDER, OTHER):
            answer = await _asked(bureau, member, f"entries/{_ENTRY}")
            assert (answer.status_code, answer.json()["code"]) == (503, "log-unavailable")
            assert _ENTRY not in answer.text
