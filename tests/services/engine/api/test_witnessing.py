"""`POST /log/checkpoints`: a node holds what other nodes sign about their logs, and /health tells of contradictions."""

import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing

import httpx
import orjson
import pytest

from schemas.trust.statements import Checkpoint, read_checkpoint, read_countersigned, sign_checkpoint
from services.engine.api.app import create_app
from services.engine.settings import Settings
from tests.clock import Clock
from tests.services.engine.api import office
from tests.services.engine.api.conftest import OTHER_NODE, Trust, client_of, ready, reasons
from tests.services.engine.api.test_receipts import registry_of
from tests.waiting import until

PATH = "/log/checkpoints"


@pytest.fixture
async def witness(signing: Settings, clock: Clock) -> AsyncIterator[httpx.AsyncClient]:
    made = create_app(office.DEPARTMENT, signing, clock=clock)
    async with made.router.lifespan_context(made), client_of(made, {}) as client:
        yield client


def _signed(trust: Trust, clock: Clock, number: int, digest: str = "a") -> str:
    one = Checkpoint(OTHER_NODE, number, digest * 64, clock())
    return sign_checkpoint(one, trust.systems[f"{OTHER_NODE}/node"])


async def test_a_checkpoint_is_countersigned(witness: httpx.AsyncClient, trust: Trust, clock: Clock) -> None:
    answer = await witness.post(PATH, content=_signed(trust, clock, 7))
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/jose")
    word = read_countersigned(answer.text, registry_of(trust))
    assert (word.witness, word.checkpoint.number) == (office.OWNER, 7)


async def test_a_contradiction_is_a_conflict_and_an_alarm(
    witness: httpx.AsyncClient, trust: Trust, clock: Clock
) -> None:
    await witness.post(PATH, content=_signed(trust, clock, 7))
    answer = await witness.post(PATH, content=_signed(trust, clock, 7, "b"))
    assert (answer.status_code, answer.json()["code"], answer.json()["known"]) == (
        409,
        "checkpoint-contradicted",
        7,
    )
    await until(lambda: _said(witness, f"the logs of {OTHER_NODE} contradict what they said"))
    await until(lambda: ready(witness), what="a neighbour's lie stops nobody's questions")
    await until(lambda: _shown(witness, "langqiao_log_contradictions 1.0"))


@pytest.mark.parametrize(
    ("sent", "status", "code"),
    [
        (b"", 400, "bad-checkpoint"),
        (b"a.b.c", 400, "bad-checkpoint"),
        (b"\xff", 400, "bad-checkpoint"),
        (b"x" * 5_000, 413, "too-large"),
    ],
)
async def test_what_is_no_checkpoint_is_refused(
    witness: httpx.AsyncClient, sent: bytes, status: int, code: str
) -> None:
    answer = await witness.post(PATH, content=sent)
    assert (answer.status_code, answer.json()["code"]) == (status, code)


async def test_a_checkpoint_by_another_system_is_refused(
    witness: httpx.AsyncClient, trust: Trust, clock: Clock
) -> None:
    one = Checkpoint(OTHER_NODE, 7, "a" * 64, clock())
    text = sign_checkpoint(one, trust.systems[f"{office.OWNER}/window"])
    answer = await witness.post(PATH, content=text)
    assert (answer.status_code, answer.json()["reason"]) == (400, "unknown-key")


async def test_a_node_without_a_key_witnesses_nothing(
    anonymous: httpx.AsyncClient, trust: Trust, clock: Clock
) -> None:
    answer = await anonymous.post(PATH, content=_signed(trust, clock, 7))
    assert (answer.status_code, answer.json()["code"]) == (503, "not-ready")


async def _said(client: httpx.AsyncClient, reason: str) -> bool:
    return reason in await reasons(client)


async def test_where_the_log_stands_is_told_on_a_control_topic_too(
    witness: httpx.AsyncClient, signing: Settings, trust: Trust
) -> None:
    database = signing.database_url.get_secret_value().removeprefix("sqlite:///")

    def told() -> list[str]:
        with closing(sqlite3.connect(database)) as connection:
            rows = connection.execute("SELECT new FROM lq_outbox WHERE raw_key = 'access-checkpoint'")
            return [row[0] for row in rows]

    first = (await until(told))[0]
    said = orjson.loads(first)["data"]
    one = read_checkpoint(said["signed"], registry_of(trust))
    assert (one.node, one.number, one.hash) == (office.OWNER, said["number"], said["hash"])


async def _shown(client: httpx.AsyncClient, line: str) -> bool:
    return line in (await client.get("/metrics")).text
