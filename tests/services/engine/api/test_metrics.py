"""What `/metrics` tells Prometheus: what the last look saw, and nothing of any record."""

import sqlite3
from contextlib import closing
from time import time

import httpx
import orjson
from prometheus_client.parser import text_string_to_metric_families

from schemas.trust import signed
from services.engine.settings import Settings
from tests.services.engine.api import office
from tests.services.engine.api.conftest import Trust, ready, reasons
from tests.waiting import until

_VEHICLES, _DRIVERS = f"{office.KIND}.vehicles", f"{office.KIND}.drivers"

Values = dict[tuple[str, str], float]


async def _values(client: httpx.AsyncClient) -> Values:
    answer = await client.get("/metrics")
    assert answer.headers["content-type"].startswith("text/plain")
    return {
        (sample.name.removeprefix("langqiao_"), sample.labels.get("dataset", "")): sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
    }


def _execute(settings: Settings, *statements: str) -> None:
    file = settings.database_url.get_secret_value().removeprefix("sqlite:///")
    with closing(sqlite3.connect(file)) as connection, connection:
        for one in statements:
            connection.execute(one)


async def test_the_numbers_are_those_of_the_outbox(anonymous: httpx.AsyncClient, settings: Settings) -> None:
    await until(lambda: ready(anonymous), what="the node says that it is ready")
    reconciled = orjson.dumps({"at": 1.0, "differing": 2}).decode()
    _execute(
        settings,
        "UPDATE cl_jdcxx SET bz = 'x' WHERE hphm IN ('A00', 'A01', 'A02', 'A03')",
        "UPDATE lq_outbox SET at = '2026-01-31T00:00:00.000Z' WHERE id = 1",
        "UPDATE lq_outbox SET parked_because = 'a fault' WHERE id = 2",
        "UPDATE lq_outbox SET parked_because = 'held' WHERE id = 3",
        "UPDATE lq_outbox SET parked_because = 'settling' WHERE id = 4",
        f"INSERT INTO lq_dirty (dataset, raw_key, at) VALUES ('{_VEHICLES}', '*', '2026-01-31T00:00:00.000Z')",
        "DELETE FROM lq_state WHERE name LIKE 'snapshot.%'",
        f"INSERT INTO lq_state VALUES ('reconciled.{_VEHICLES}', '{reconciled}'), ('snapshot.{_DRIVERS}', '{{}}')",
    )

    async def seen() -> Values:
        found = await _values(anonymous)
        return found if found["outbox_unsent", ""] == 1 else {}

    found = await until(seen, what="the change is counted")
    assert (found["outbox_parked", ""], found["outbox_held", ""], found["outbox_settling", ""]) == (1, 1, 1)
    assert found["outbox_oldest_unsent_seconds", ""] > 86_400
    assert (found["outbox_readable", ""], found["epoch", ""], found["records_marked", ""]) == (1, 1, 1)
    assert found["records_oldest_mark_seconds", ""] > 86_400
    assert found["reconciliation_differing", _VEHICLES] == 2
    assert found["reconciliation_age_seconds", _VEHICLES] > 86_400
    assert ("reconciliation_differing", _DRIVERS) not in found
    assert (found["snapshot_running", _VEHICLES], found["snapshot_running", _DRIVERS]) == (0, 1)
    assert found["capture_in_place", _VEHICLES] == 1
    assert ("relay_word_age_seconds", "") not in found


async def test_the_relays_word_is_told_by_its_age_and_not_by_its_text(
    anonymous: httpx.AsyncClient, settings: Settings
) -> None:
    await until(lambda: ready(anonymous), what="the node says that it is ready")
    word = orjson.dumps({"trouble": "the broker is away", "at": 1.0}).decode()
    _execute(settings, f"INSERT INTO lq_state VALUES ('relay', '{word}')")

    async def troubled() -> bool:
        return (await _values(anonymous)).get(("relay_in_trouble", "")) == 1

    await until(troubled, what="the relay's trouble is told")
    assert (await _values(anonymous))["relay_word_age_seconds", ""] > 86_400
    assert "away" not in (await anonymous.get("/metrics")).text


async def test_a_certificate_of_the_relay_that_is_to_end_is_told_in_health_and_leaves_the_node_ready(
    anonymous: httpx.AsyncClient, settings: Settings
) -> None:
    await until(lambda: ready(anonymous), what="the node says that it is ready")
    worry = "the certificate ends at 2026-12-01 00:00"
    word = orjson.dumps({"trouble": "", "worry": worry, "at": time()}).decode()
    _execute(settings, f"INSERT INTO lq_state VALUES ('relay', '{word}')")

    async def told() -> bool:
        return f"outbox: the relay's way to the broker: {worry}" in await reasons(anonymous)

    await until(told, what="it is told")
    health = (await anonymous.get("/health")).json()
    assert health["checks"]["outbox"]["relay_worry"] == worry
    assert health["ready"]


async def test_a_stale_dataset_is_told_and_named_in_health_and_leaves_the_node_ready(
    anonymous: httpx.AsyncClient, settings: Settings
) -> None:
    await until(lambda: ready(anonymous), what="the node says that it is ready")
    file = settings.database_url.get_secret_value().removeprefix("sqlite:///")
    with closing(sqlite3.connect(file)) as connection, connection:
        triggers = connection.execute(
            "SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 'cl_jdcxx'"
        ).fetchall()
        for (name,) in triggers:
            connection.execute(f"DROP TRIGGER {name}")
        connection.execute("ALTER TABLE cl_jdcxx DROP COLUMN bz")

    async def told() -> bool:
        return (await _values(anonymous))["dataset_stale", _VEHICLES] == 1

    await until(told, what="the dataset is stale")
    assert (await _values(anonymous))["dataset_stale", _DRIVERS] == 0
    health = (await anonymous.get("/health")).json()
    assert health["checks"]["database"]["stale"] == {_VEHICLES: "the column bz is gone"}
    assert health["ready"]
    refused = await anonymous.get(f"/records/{office.KIND}/vehicles?limit=1")
    assert (refused.status_code, refused.json()["code"]) == (503, "dataset-stale")
    assert refused.json()["items"] == [{"item": "remark", "reason": "its column is gone"}]
    assert (await anonymous.get(f"/records/{office.KIND}/inspections?limit=1")).status_code == 200
    assert _VEHICLES in [one["dataset"] for one in (await anonymous.get("/catalogue")).json()["offerings"]]


async def test_what_the_office_could_not_list_is_counted_and_named_in_health_by_id_and_code(
    anonymous: httpx.AsyncClient, trust: Trust
) -> None:
    await until(lambda: ready(anonymous), what="the node says that it is ready")
    left_out = {"reason": "no-room", "count": 12, "ids": ["R-2026-000007"]}
    said = signed.unchecked((trust.folder / "grants.jws").read_text())
    newer = {**said, "number": said["number"] + 1, "left_out": [left_out]}
    (trust.folder / "grants.jws").write_text(signed.sign(newer, trust.authority))

    async def counted() -> bool:
        return (await _values(anonymous))["grants_left_out", ""] == 12

    await until(counted, what="the node has taken the document up")
    assert "grants: the office could not list 12 grants (no-room): R-2026-000007, …" in await reasons(
        anonymous
    )
    health = (await anonymous.get("/health")).json()
    assert health["checks"]["grants"]["left_out"] == [left_out]
    assert health["ready"]


async def test_no_metric_names_a_record(
    anonymous: httpx.AsyncClient, owner: httpx.AsyncClient, settings: Settings
) -> None:
    await until(lambda: ready(anonymous), what="the node says that it is ready")
    await owner.delete(f"/records/{office.KIND}/vehicles/A00", headers={"If-Match": "*"})
    _execute(settings, "UPDATE lq_outbox SET parked_because = 'a fault'")

    async def parked() -> bool:
        return (await _values(anonymous))["outbox_parked", ""] == 1

    await until(parked, what="the change is counted")
    page = (await anonymous.get("/metrics")).text
    assert "A00" not in page
    assert "a fault" not in page
