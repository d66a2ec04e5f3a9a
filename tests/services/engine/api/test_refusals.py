"""Every way a node refuses a call, case by case from refusals.yaml."""

import logging
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import httpx
import pytest
import pytest_asyncio
import yaml

from services.engine.api.app import create_app
from tests.services.engine.api import office
from tests.services.engine.api.conftest import ASKER, client_of, make_settings, make_trust

CASES = yaml.safe_load((Path(__file__).parent / "refusals.yaml").read_text())
#: Values of people and companies that the cases send or the tables hold; no answer may say them back.
CANARIES = ("330212198512310029", "33010619950520000X", "330212198512310020", "91330100MA0TEXT129")


pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def callers(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[dict[str, httpx.AsyncClient]]:
    """Everybody who asks, by name; one node serves all cases, for none of them changes anything."""
    folder = tmp_path_factory.mktemp("office")
    trust = make_trust(folder / "trust")
    headers = {
        "anonymous": {},
        "member": trust.headers(ASKER),
        "granted": trust.headers(ASKER, purpose="grant:G-1"),
        "owner": trust.headers(office.OWNER),
        "purposeless": trust.headers(ASKER, purpose=None),
        "purposeless_owner": trust.headers(office.OWNER, purpose=None),
    }
    app = create_app(office.DEPARTMENT, make_settings(folder, trust))
    async with app.router.lifespan_context(app), AsyncExitStack() as stack:
        yield {
            name: await stack.enter_async_context(client_of(app, said, trust))
            for name, said in headers.items()
        }


@pytest.mark.parametrize("case", CASES, ids=lambda case: str(case["name"]).replace(" ", "-"))
async def test_a_bad_call_is_refused_with_its_problem(
    case: dict[str, Any], callers: dict[str, httpx.AsyncClient], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    answer = await callers[case.get("as", "anonymous")].request(
        case.get("method", "GET"), case["path"], headers=_headers(case), **_body(case)
    )
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert (answer.status_code, problem["status"]) == (case["status"], case["status"])
    assert problem["code"] == case.get("code", problem["code"])
    assert {"type", "title", "detail", "origin", "message", "details", "hint"} <= problem.keys()
    for member, value in case.get("members", {}).items():
        assert problem[member] == value, member
    if "wrong" in case:
        assert sorted(one["item"] for one in problem["items"]) == case["wrong"]
    assert case.get("says", "") in answer.text
    assert answer.headers.get("allow") == case.get("allow", answer.headers.get("allow"))
    ours = "".join(record.getMessage() for record in caplog.records if record.name.startswith("langqiao"))
    assert not [canary for canary in CANARIES if canary in answer.text + str(answer.headers) + ours]


def _headers(case: dict[str, Any]) -> dict[str, str]:
    typed = {"Content-Type": "application/json"} if "body" in case else {}
    return {**typed, **case.get("headers", {})}


def _body(case: dict[str, Any]) -> dict[str, Any]:
    if "body" in case:
        return {"content": case["body"]}
    return {"json": case["json"]} if "json" in case else {}


async def test_versions_are_for_members_alone(
    anonymous: httpx.AsyncClient, member: httpx.AsyncClient
) -> None:
    # A version also rises with an item that is not open, so it would tell everybody when that changes.
    address = f"/records/{office.KIND}/vehicles/A00?select=plate"
    tag = (await member.get(address)).headers["etag"]
    opened = await anonymous.get(address, headers={"If-None-Match": tag})
    assert (opened.status_code, opened.json(), opened.headers.get("etag")) == (200, {"plate": "A00"}, None)
