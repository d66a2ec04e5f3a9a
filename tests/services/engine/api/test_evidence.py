"""Evidence of a node: it signs what it answers when it is asked to, and what it signed is judged as it stands."""

from collections.abc import AsyncIterator

import httpx
import orjson
import pytest

from schemas.trust import signed
from schemas.trust.evidence import Part, part
from schemas.trust.evidence_answer import WANTED
from schemas.trust.evidence_chunks import without
from schemas.trust.evidence_judged import Check, Judged, judge
from schemas.trust.history import History, issue
from schemas.trust.message import Message
from services.engine.api.app import create_app
from services.engine.log.stamping import WAITING
from services.engine.settings import Settings
from tests.services.engine.api import office
from tests.services.engine.api.conftest import Trust, client_of, running

VEHICLES = f"/records/{office.KIND}/vehicles"
DRIVERS = f"/records/{office.KIND}/drivers"
ASKED = {"Accept-Signature": WANTED}
#: Nobody listens there: a witness that is away.
_AWAY = "http://127.0.0.1:9"


@pytest.fixture
async def vouching(signing: Settings, trust: Trust) -> AsyncIterator[httpx.AsyncClient]:
    made = create_app(office.DEPARTMENT, signing.model_copy(update={"witnesses": (_AWAY,)}))
    async with (
        made.router.lifespan_context(made),
        client_of(made, trust.headers(office.OWNER) | ASKED, trust) as client,
    ):
        yield client


def history_of(trust: Trust) -> History:
    trusted = {trust.authority.key_id: trust.authority.public_hex}
    return History([issue(signed.read((trust.folder / "registry.jws").read_text(), trusted))])


def part_of(answer: httpx.Response, node: str = office.OWNER) -> Part:
    """What the caller keeps of its call."""
    path, _, query = answer.request.url.raw_path.decode().partition("?")
    headers = dict(answer.request.headers)
    asked = Message(answer.request.method, path, query, headers, answer.request.content)
    found = part(node, asked, answer.status_code, dict(answer.headers), answer.content)
    assert found is not None
    return found


def missing(found: Judged) -> list[Check]:
    return [one.check for one in found.findings if not one.holds]


async def test_every_form_of_an_answer_is_signed(vouching: httpx.AsyncClient, trust: Trust) -> None:
    answers = [
        await vouching.get(f"{VEHICLES}?select=plate,record_id,record_version&limit=2"),
        await vouching.head(f"{VEHICLES}?plate=eq.A02"),
        await vouching.post(f"{VEHICLES}/query", json={"select": "plate", "limit": 1}),
        await vouching.post(f"{VEHICLES}/verify", json={"where": {"plate": "A02"}, "claims": {"seats": 5}}),
        await vouching.post(f"{DRIVERS}/lookup", json={"by": "id_number", "keys": ["x"], "select": "name"}),
    ]
    record = answers[0].json()[0]["record_id"]
    answers.append(await vouching.get(f"{VEHICLES}/{record}?select=plate"))
    for answer in answers:
        assert answer.is_success, answer.text
        found = judge(part_of(answer), history_of(trust))
        assert missing(found) == [Check.TIME], (answer.request.url.path, found)
        assert (found.node, found.member) == (office.OWNER, office.OWNER)


async def test_a_record_is_signed_with_its_version(vouching: httpx.AsyncClient) -> None:
    listed = await vouching.get(f"{VEHICLES}?select=record_id&limit=1")
    answer = await vouching.get(f"{VEHICLES}/{listed.json()[0]['record_id']}?select=plate")
    assert '"etag"' in answer.headers["signature-input"]


async def test_a_stream_is_signed_piece_by_piece(vouching: httpx.AsyncClient, trust: Trust) -> None:
    ids = [office.owner_id(number) for number in range(250)]
    sent = {"by": "id_number", "keys": ids, "select": "name"}
    answer = await vouching.post(f"{DRIVERS}/lookup", json=sent)
    kept = part_of(answer)
    assert missing(judge(kept, history_of(trust))) == [Check.TIME]
    assert answer.content.count(b'{"signed":') == 4, "two chunks, the end line, the end"
    lines = without(answer.content).splitlines()
    assert len(orjson.loads(lines[-1])["end"]["receipts"]) == 2
    assert [orjson.loads(line)["key"] for line in lines[:-1]] == ids


async def test_a_call_that_does_not_ask_gets_what_it_got_before(signing: Settings, trust: Trust) -> None:
    async with running(create_app(office.DEPARTMENT, signing)) as client:
        answer = await client.get(f"{VEHICLES}?select=plate&limit=1")
        assert "signature" not in answer.headers
        lookup = await client.post(
            f"{VEHICLES}/lookup", json={"by": "plate", "keys": ["A02"], "select": "plate"}
        )
        assert b"signed" not in lookup.content


async def test_a_node_without_a_key_signs_nothing(anonymous: httpx.AsyncClient) -> None:
    answer = await anonymous.get(f"{VEHICLES}?select=plate&limit=1", headers=ASKED)
    assert answer.status_code == 200
    assert "signature" not in answer.headers


async def test_an_anonymous_answer_is_evidence_too(signing: Settings, trust: Trust) -> None:
    async with running(create_app(office.DEPARTMENT, signing)) as client:
        listed = await client.get(f"{VEHICLES}?select=plate&limit=2", headers=ASKED)
        asked = await client.post(f"{VEHICLES}/query", json={"select": "plate", "limit": 1}, headers=ASKED)
    for answer in (listed, asked):
        assert missing(judge(part_of(answer), history_of(trust))) == [Check.TIME]


async def test_what_tells_nothing_of_records_is_not_signed(vouching: httpx.AsyncClient) -> None:
    answer = await vouching.get(f"{VEHICLES}?nothing=eq.1")
    assert answer.status_code == 400
    assert "signature" not in answer.headers


async def test_signed_answers_wait_to_be_named_in_the_log(
    vouching: httpx.AsyncClient, signing: Settings
) -> None:
    answer = await vouching.get(f"{VEHICLES}?select=plate&limit=1")
    digest = part_of(answer).digest
    assert digest in (signing.access_log / WAITING).read_text().splitlines()
    told = await vouching.post("/log/time-tokens", json={"digests": [digest, "a" * 64]})
    assert told.json() == {"tokens": {digest: [], "a" * 64: []}}


async def test_what_is_no_list_of_digests_is_refused(vouching: httpx.AsyncClient) -> None:
    wrong = [b"", b"{}", b'{"digests": ["x"]}', b'{"digests": [1]}', orjson.dumps({"digests": ["A" * 64]})]
    for sent in (*wrong, orjson.dumps({"digests": ["a" * 64] * 51})):
        assert (await vouching.post("/log/time-tokens", content=sent)).status_code == 400, sent
    assert (await vouching.post("/log/time-tokens", content=b" " * 9_000)).status_code == 413


async def test_a_node_without_witnesses_says_that_nobody_vouches(signing: Settings) -> None:
    async with running(create_app(office.DEPARTMENT, signing)) as client:
        answer = await client.post("/log/time-tokens", json={"digests": []})
    assert (answer.status_code, answer.json()["code"]) == (503, "not-ready")
