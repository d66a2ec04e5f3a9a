"""Receipts: a node with a key of its own signs that an answer stands in its log; a caller can hold both against it."""

from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import jwt
import orjson
import pytest

from schemas.trust import registry, signed
from schemas.trust.receipts import Receipt, read_receipt
from schemas.trust.registry import Registry
from schemas.trust.signed import DocumentRefused
from services.engine.api.app import create_app
from services.engine.node import BadDepartment
from services.engine.settings import Settings
from tests.services.engine.api import office
from tests.services.engine.api.conftest import Trust, client_of
from tests.services.engine.api.logged import log_of

VEHICLES = f"/records/{office.KIND}/vehicles"
DRIVERS = f"/records/{office.KIND}/drivers"


@pytest.fixture
async def vouching(signing: Settings, trust: Trust) -> AsyncIterator[httpx.AsyncClient]:
    made = create_app(office.DEPARTMENT, signing)
    async with (
        made.router.lifespan_context(made),
        client_of(made, trust.headers(office.OWNER), trust) as client,
    ):
        yield client


def registry_of(trust: Trust) -> Registry:
    trusted = {trust.authority.key_id: trust.authority.public_hex}
    return registry.from_document(signed.read((trust.folder / "registry.jws").read_text(), trusted))


async def test_answers_bear_receipts_that_fit_question_answer_and_log(
    vouching: httpx.AsyncClient, signing: Settings, trust: Trust
) -> None:
    listed = await vouching.get(f"{VEHICLES}?select=plate&limit=2")
    head = await vouching.head(f"{VEHICLES}?plate=eq.A02")
    asked = await vouching.post(f"{VEHICLES}/query", json={"select": "plate", "limit": 1})
    for answer in (listed, head, asked):
        receipt = read_receipt(answer.headers["langqiao-receipt"], registry_of(trust))
        assert receipt.is_of(_sent(answer.request), answer.content)
        assert not receipt.is_of(_sent(answer.request), answer.content + b" ")
        _stands(receipt, signing)


async def test_the_end_of_a_lookup_bears_a_receipt_for_each_chunk(
    vouching: httpx.AsyncClient, signing: Settings, trust: Trust
) -> None:
    ids = [office.owner_id(number) for number in range(250)]
    answer = await vouching.post(f"{DRIVERS}/lookup", json={"by": "id_number", "keys": ids, "select": "name"})
    found = answer.content.splitlines(keepends=True)
    receipts = [read_receipt(one, registry_of(trust)) for one in orjson.loads(found[-1])["end"]["receipts"]]
    for receipt, chunk in zip(receipts, (found[:200], found[200:-1]), strict=True):
        assert receipt.is_of(_sent(answer.request), b"".join(chunk))
        _stands(receipt, signing)


def _sent(request: httpx.Request) -> tuple[bytes, ...]:
    """What a receipt's request digest is of."""
    return (
        request.method.encode(),
        request.url.raw_path.partition(b"?")[0],
        request.url.query,
        request.content,
    )


def _stands(receipt: Receipt, settings: Settings) -> None:
    line = orjson.loads(log_of(settings)[receipt.number - 1])
    assert (line["hash"], line["entry"]["request"]) == (receipt.hash, receipt.request)
    assert (line["entry"]["answer"], line["entry"]["node"]) == (receipt.answer, receipt.node)


async def test_a_receipt_that_another_key_signed_or_that_was_altered_is_refused(
    vouching: httpx.AsyncClient, trust: Trust
) -> None:
    text = (await vouching.get(f"{VEHICLES}?select=plate&limit=1")).headers["langqiao-receipt"]
    said = orjson.loads(jwt.PyJWS().decode(text, options={"verify_signature": False}))
    window = trust.systems[f"{office.OWNER}/window"]
    middle = text.index(".") + 5
    altered = text[:middle] + ("A" if text[middle] != "A" else "B") + text[middle + 1 :]
    for wrong in (signed.sign(said, window), altered, "", "a.b.c"):
        with pytest.raises(DocumentRefused):
            read_receipt(wrong, registry_of(trust))


async def test_without_a_key_there_is_an_entry_and_no_receipt(
    owner: httpx.AsyncClient, settings: Settings
) -> None:
    answer = await owner.get(f"{VEHICLES}?select=plate&limit=1")
    assert "langqiao-receipt" not in answer.headers
    assert len(log_of(settings)) == 2


def test_a_file_that_holds_no_key_stops_the_start(settings: Settings, tmp_path: Path) -> None:
    (tmp_path / "node.key.pem").write_bytes(b"x" * 64)
    wrong = settings.model_copy(update={"node_key_file": tmp_path / "node.key.pem"})
    with pytest.raises(BadDepartment, match=r"node\.key\.pem: this is no private key in PEM form"):
        create_app(office.DEPARTMENT, wrong)
