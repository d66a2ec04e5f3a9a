"""Nothing that every member reads of a request or a correction names a person."""

from datetime import date
from typing import Any

import orjson
import pytest

from schemas.law.identifiers import make_id_number
from services.departments.data_office.matters import CORRECTIONS, REQUESTS
from services.departments.data_office.office import Office
from tests.services.departments.data_office.conftest import FILING, FREE, PROVIDER, REQUESTER, Bureau

pytestmark = pytest.mark.asyncio(loop_scope="module")

_NUMBER = make_id_number("330203", date(1990, 3, 7), 123)
_WIDE = _NUMBER.translate({ord(one): ord(one) + 0xFEE0 for one in "0123456789X"})
_PERSONAL = (
    "name.eq.陈静",
    "or(position.eq.董事,id_kind.eq.居民身份证)",
    "not.and(position.eq.董事,nationality.is.null)",
    # Nobody can read it as a filter, and everybody who it is about.
    "name=陈静",
)


def _said(field: str, text: str) -> dict[str, Any]:
    return {field: [text] if field in ("items", "delegates") else text}


async def _count(bureau: Bureau) -> int:
    office: Office = bureau.app.state.office
    books = office.requests.desk.books
    return sum([len(await books.found(one.steps)) for one in (REQUESTS, CORRECTIONS)])


async def _refused(bureau: Bureau, path: str, body: dict[str, Any], field: str, *secret: str) -> None:
    before = await _count(bureau)
    answer = await bureau.take(REQUESTER, path, body)
    assert (answer.status_code, answer.json()["code"]) == (400, "bad-body"), answer.text
    assert [one["item"].partition(".")[0] for one in answer.json()["items"]] == [field]
    assert not [one for one in secret if one in answer.text]
    assert await _count(bureau) == before


@pytest.mark.parametrize(
    ("field", "text"),
    [
        ("rows", f"credit_code.eq.{_NUMBER}"),
        ("purpose", f"核验{_NUMBER}任职"),
        ("purpose", f"核验 {_NUMBER.lower()}"),
        ("purpose", _WIDE),
        ("items", _NUMBER),
        ("mode", f"file of {_NUMBER}"),
        ("delegates", f"{REQUESTER}/{_NUMBER}"),
        ("provider", f"{_NUMBER}.market_regulation"),
    ],
)
async def test_an_application_that_holds_an_id_number_where_all_read_it_is_refused_and_echoes_nothing(
    bureau: Bureau, field: str, text: str
) -> None:
    await _refused(bureau, "requests", {**FREE, **_said(field, text)}, field, _NUMBER, text)


@pytest.mark.parametrize("rows", _PERSONAL)
async def test_a_row_scope_by_a_personal_item_is_refused_and_echoes_nothing(
    bureau: Bureau, rows: str
) -> None:
    await _refused(bureau, "requests", {**FREE, "rows": rows}, "rows", "陈静", "董事", rows)


@pytest.mark.parametrize(("field", "text"), [("rows", _PERSONAL[0]), ("purpose", _NUMBER)])
async def test_a_supplement_is_held_to_the_same(bureau: Bureau, field: str, text: str) -> None:
    told = (await bureau.take(REQUESTER, "requests", {**FREE, "legal_basis": ""})).json()
    path = f"requests/{told['request_id']}/supplemented"
    await _refused(bureau, path, {**FREE, field: text}, field, text)
    assert (await bureau.take(REQUESTER, path, FREE)).json()["state"] == "in force"


async def test_so_is_the_department_that_a_correction_names(bureau: Bureau) -> None:
    body = {**FILING, "record": "r", "provider": f"{_NUMBER}.market_regulation"}
    await _refused(bureau, "corrections", body, "provider", _NUMBER)


@pytest.mark.parametrize(
    "changed",
    [
        # Of eighteen digits, and no ID number: another check character, a longer number, a credit code.
        {"purpose": _NUMBER[:-1] + ("0" if _NUMBER[-1] != "0" else "1")},
        {"purpose": f"1{_NUMBER}"},
        {"rows": "credit_code.eq.91330100MA0TEXT128"},
        {"rows": "position.eq.董事"},
        # Only parties and office read why: that stands in no item that all read.
        {"scenario": f"核对{_NUMBER}"},
    ],
)
async def test_what_names_nobody_is_taken(bureau: Bureau, changed: dict[str, Any]) -> None:
    assert (await bureau.take(REQUESTER, "requests", {**FREE, **changed})).json()["state"] == "in force"


async def test_what_is_said_to_the_parties_alone_is_read_by_no_other(bureau: Bureau) -> None:
    """The texts that are not held to this stand in items on condition."""
    number = make_id_number("330203", date(1991, 3, 7), 123)
    filed = await bureau.take(REQUESTER, "corrections", {**FILING, "record": "of-whom", "reason": number})
    assert filed.status_code == 201
    refusal = {"second": "head-2", "reason": number}
    await bureau.take(PROVIDER, f"corrections/{filed.json()['correction_id']}/upheld", refusal)
    tables = ("requests", "request_steps", "corrections", "correction_steps", "entries", "entry_steps")
    told = [await bureau.read(f"{one}?limit=1000") for one in tables]
    assert number.encode() not in orjson.dumps(told)
