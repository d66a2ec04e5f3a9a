"""Whoever files a correction is the record's subject where a citizen-services system has identified them, and the
record's department says that the record is about them; and nobody else learns whom it is about."""

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
import pytest_asyncio
import yaml

from schemas.trust.mandates import Mandate, sign_mandate
from schemas.trust.vouching import LIFETIME, LOOK, Vouched, digest_of, filing, vouch
from schemas.wire.problem import Problem
from services.departments.data_office.filers import AtTheDepartment, Filed, Word
from tests.services.departments.data_office.asked_node import (
    CORRECTION,
    DATASET,
    DESK,
    GATEWAY,
    OFFICE,
    OWNER,
    REGISTER,
    Asked,
    make_asked,
    window,
)
from tests.services.engine.api import office
from tests.services.engine.api.logged import named, person

pytestmark = pytest.mark.asyncio(loop_scope="module")

PATH = "/log/about-record"
VISIT = "identified:visit-1"
ENTERPRISE = "91330100MA0TEXT128"


@dataclass(frozen=True)
class Town:
    """A department, and how it is reached."""

    asked: Asked
    node: httpx.AsyncBaseTransport

    def word(self, number: int = 0, system: str = DESK, plate: str = "A00", **changed: Any) -> str:
        """What a system signs of the owner of a vehicle, who stands before it to file about one."""
        use = filing(DATASET, plate)
        said = Vouched(system, office.owner_id(number), VISIT, self.asked.clock(), use=use)
        return vouch(replace(said, **changed), self.asked.systems[system])

    async def subject(
        self, word: str, plate: str = "A00", system: str = DESK, mandates: tuple[str, ...] = ()
    ) -> str | None:
        """By which act the subject of a vehicle's record was identified, as the office finds."""
        filers = AtTheDepartment(self.asked.asking(self.node))
        return await filers.subject(Word(word, mandates), Filed(system, OWNER, DATASET, plate))


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def town(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Town]:
    asked = make_asked(tmp_path_factory.mktemp("town"))
    async with asked.running() as node:
        yield Town(asked, node)


async def test_the_person_whom_the_record_is_about_files_as_its_subject(town: Town) -> None:
    assert await town.subject(town.word()) == VISIT
    last = town.asked.lines()[-1].said
    assert (last["act"], last["member"], last["purpose"]) == ("verify", OFFICE, VISIT)
    assert (last["dataset"], last["subjects"], last["records"]) == (DATASET, [person(0)], 1)


@pytest.mark.parametrize(
    ("plate", "its"), [("A01", {person(1), named("credit-code", ENTERPRISE)}), ("Z99", set())]
)
async def test_another_person_does_not_and_a_record_that_is_not_there_is_about_nobody(
    town: Town, plate: str, its: set[str]
) -> None:
    assert await town.subject(town.word(plate=plate), plate) is None
    last = town.asked.lines()[-1].said
    assert last["records"] == 0
    assert set(last["subjects"]) == {person(0), *its}, "of all of them something is said, and they see it"


async def test_who_represents_an_enterprise_files_for_it_by_a_registers_word(town: Town) -> None:
    word = town.word(plate="A01", enterprise=ENTERPRISE)
    mandate = sign_mandate(Mandate(REGISTER, digest_of(word)), town.asked.systems[f"{REGISTER}/node"])
    of_another = sign_mandate(Mandate(REGISTER, digest_of("other")), town.asked.systems[f"{REGISTER}/node"])
    assert await town.subject(word, "A01", mandates=(mandate,)) == VISIT
    assert await town.subject(word, "A01") is None
    assert await town.subject(word, "A01", mandates=(of_another,)) is None
    word = town.word(enterprise=ENTERPRISE)
    mandate = sign_mandate(Mandate(REGISTER, digest_of(word)), town.asked.systems[f"{REGISTER}/node"])
    assert await town.subject(word, mandates=(mandate,)) is None, "it is about no enterprise"


_REFUSED: dict[str, tuple[Callable[[Town], str], str]] = {
    "nothing signed": (lambda town: "nothing", "bad-vouching"),
    "another system's word": (lambda town: town.word(system=window("reader")), "bad-vouching"),
    "a word whose purpose no header bears": (
        lambda town: town.word(purpose="identified:窗口一"),
        "bad-vouching",
    ),
    "a word for a look at the log": (lambda town: town.word(use=LOOK), "bad-vouching"),
    "a word to file about another record": (lambda town: town.word(plate="A01"), "bad-vouching"),
    "a word of long ago": (
        lambda town: town.word(at=town.asked.clock() - LIFETIME - timedelta(minutes=1)),
        "bad-vouching",
    ),
}


@pytest.mark.parametrize(("make", "code"), _REFUSED.values(), ids=_REFUSED)
async def test_a_word_that_is_none_of_the_calling_system_now_is_refused(
    town: Town, make: Callable[[Town], str], code: str
) -> None:
    with pytest.raises(Problem) as problem:
        await town.subject(make(town))
    assert problem.value.code == code
    assert office.owner_id(0) not in str(problem.value)


async def test_a_system_that_identifies_nobody_files_for_its_member_alone(town: Town) -> None:
    system = window("reader")
    with pytest.raises(Problem) as problem:
        await town.subject(town.word(system=system), system=system)
    assert problem.value.code == "vouching-required"


async def test_a_department_that_cannot_be_asked_leaves_it_the_members_own(
    town: Town, caplog: pytest.LogCaptureFixture
) -> None:
    class Down(httpx.AsyncBaseTransport):
        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            raise httpx.ConnectError("nobody is there")

    assert await replace(town, node=Down()).subject(town.word()) is None
    [record] = [one for one in caplog.records if one.name == "langqiao.engine"]
    assert OWNER in record.getMessage()
    assert office.owner_id(0) not in record.getMessage()


async def test_what_no_header_bears_is_not_asked_and_a_broken_answer_is_none(town: Town) -> None:
    class Broken(httpx.AsyncBaseTransport):
        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            return httpx.Response(200, headers={"Content-Encoding": "gzip"}, content=b"not packed")

    @dataclass(frozen=True)
    class For:
        purpose: str
        provider: str = OWNER

    for node, purpose in ((town.node, "identified:窗口一"), (Broken(), VISIT)):
        with pytest.raises(Problem) as problem:
            await town.asked.asking(node).post(For(purpose), OWNER, PATH, b"{}")
        assert problem.value.code == "source-missing"


async def test_of_a_subject_that_is_withheld_nothing_is_confirmed(tmp_path: Path) -> None:
    asked = make_asked(tmp_path)
    [path] = (tmp_path / "contracts").rglob("vehicles.v1.odcs.yaml")
    contract = yaml.safe_load(path.read_text(encoding="utf-8"))
    [owner] = [one for one in contract["schema"][0]["properties"] if one["name"] == "owner_id"]
    sharing = next(one for one in owner["customProperties"] if one["property"] == "sharing")
    sharing["value"] = {"class": "withheld", "reason": "内部", "legalBasis": "个人信息保护法 第二十八条"}
    path.write_text(yaml.safe_dump(contract, allow_unicode=True), encoding="utf-8")
    async with asked.running() as node:
        town = Town(asked, node)
        assert await town.subject(town.word()) is None
        assert asked.lines()[-1].said["records"] == 0


@pytest.mark.parametrize(
    ("system", "purpose", "status"),
    [
        (f"{OFFICE}/node", VISIT, 200),
        (f"{OFFICE}/node", "identified:visit-2", 401),
        (f"{OFFICE}/node", f"grant:{CORRECTION}", 403),
        (DESK, VISIT, 404),
        (window("reader"), VISIT, 404),
        (window(office.KIND), VISIT, 404),
        (GATEWAY, VISIT, 401),
    ],
)
async def test_it_is_said_to_the_office_alone_and_for_what_the_person_was_identified_for(
    town: Town, system: str, purpose: str, status: int
) -> None:
    body = {"dataset": DATASET, "record": "A00", "vouched": town.word()}
    async with town.asked.client(town.node, system, purpose, OWNER) as client:
        answer = await client.post(PATH, json=body)
    assert answer.status_code == status, answer.text
    assert office.owner_id(0) not in answer.text


@pytest.mark.parametrize("changed", [{"use": LOOK}, {"plate": "A01"}])
async def test_no_office_is_answered_by_a_word_that_it_came_by_for_something_else(
    town: Town, changed: dict[str, Any]
) -> None:
    body = {"dataset": DATASET, "record": "A00", "vouched": town.word(**changed)}
    async with town.asked.client(town.node, f"{OFFICE}/node", VISIT, OWNER) as client:
        answer = await client.post(PATH, json=body)
    assert (answer.status_code, answer.json()["reason"]) == (401, "another-call")


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"dataset": DATASET, "record": "A00"},
        {"dataset": DATASET, "record": "", "vouched": "a"},
        {"dataset": DATASET, "record": "A00", "vouched": 1},
        {"dataset": DATASET, "record": "A00", "vouched": "a", "mandates": "a"},
        {"dataset": DATASET, "record": "A00", "vouched": "a" * 5_000},
        {"dataset": DATASET, "record": "A00", "vouched": "a", "id_number": "a"},
    ],
)
async def test_what_does_not_ask_whom_a_record_is_about_is_a_problem(
    town: Town, body: dict[str, Any]
) -> None:
    async with town.asked.client(town.node, f"{OFFICE}/node", VISIT, OWNER) as client:
        answer = await client.post(PATH, json=body)
    assert (answer.status_code, answer.json()["code"]) == (400, "bad-body")
