"""The control plane: health, catalogue, the API description, and a service that cannot start."""

import sqlite3
from contextlib import closing
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI

from schemas.contracts.catalogue import Catalogue
from schemas.contracts.document import ContractFault
from schemas.contracts.load import load_document
from schemas.wire.descriptor import Descriptor
from services.engine.api.app import create_app
from services.engine.api.serve import serve
from services.engine.env_example import env_example
from services.engine.node import BadDepartment
from services.engine.settings import Settings
from tests.services.engine.api import office
from tests.services.engine.api.conftest import ASKER, Trust, client_of, ready, reasons, running
from tests.waiting import until


async def test_health_names_each_check_with_its_age(anonymous: httpx.AsyncClient) -> None:
    await until(lambda: ready(anonymous), what="the node says that it is ready")
    found = (await anonymous.get("/health")).json()
    assert (found["node"], found["ready"]) == (f"{office.DIVISION}.{office.KIND}", True)
    assert {"database", "outbox", "registry", "grants"} <= found["checks"].keys()
    assert all(check["age_seconds"] >= 0 for check in found["checks"].values())


async def test_changes_that_wait_are_counted_and_leave_the_node_ready(
    anonymous: httpx.AsyncClient, owner: httpx.AsyncClient
) -> None:
    await until(lambda: ready(anonymous), what="the node says that it is ready")
    path = f"/records/{office.KIND}/vehicles/A00"
    assert (await owner.delete(path, headers={"If-Match": "*"})).status_code == 204

    async def counted() -> bool:
        return bool((await anonymous.get("/health")).json()["checks"]["outbox"]["unsent"] == 1)

    await until(counted, what="health counts the change that no relay has sent")
    assert await ready(anonymous)


async def test_a_node_whose_capture_was_taken_away_is_not_ready(
    settings: Settings, anonymous: httpx.AsyncClient
) -> None:
    await until(lambda: ready(anonymous), what="the node says that it is ready")
    file = settings.database_url.get_secret_value().removeprefix("sqlite:///")
    with closing(sqlite3.connect(file)) as connection:
        (trigger,) = connection.execute(
            "SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 'cl_jdcxx' LIMIT 1"
        ).fetchone()
        connection.execute(f"DROP TRIGGER {trigger}")
    await until(lambda: _blames(anonymous, "not in place for vehicle_office.vehicles"), what="health says it")
    assert not await ready(anonymous)


async def test_where_capture_was_never_put_in_place_lists_are_answered_and_records_are_not(
    settings: Settings, trust: Trust
) -> None:
    path = f"/records/{office.KIND}/vehicles"
    made = create_app(office.DEPARTMENT, settings.model_copy(update={"attach": False}))
    async with running(made) as anybody, client_of(made, trust.headers(ASKER), trust) as client:
        assert (await anybody.get(path, params={"select": "seats", "limit": "1"})).status_code == 200
        for asked in (path + "/A00", path + "?select=record_version"):
            refused = await client.get(asked)
            assert (refused.status_code, refused.json()["code"]) == (503, "not-ready")
        await until(lambda: _blames(client, "see `langqiao department attach`"), what="health says it")
        assert not await ready(client)


async def test_a_relay_that_fell_silent_is_said_and_leaves_the_node_ready(
    settings: Settings, anonymous: httpx.AsyncClient
) -> None:
    await until(lambda: ready(anonymous), what="the node says that it is ready")
    file = settings.database_url.get_secret_value().removeprefix("sqlite:///")
    with closing(sqlite3.connect(file)) as connection, connection:
        connection.execute(
            "INSERT INTO lq_state (name, value) VALUES ('relay', ?)", ('{"trouble": "", "at": 0}',)
        )
    await until(lambda: _blames(anonymous, "the relay has been silent"), what="health says it")
    assert await ready(anonymous)


async def test_a_broken_registry_is_said_and_does_not_open_the_door(
    app: FastAPI, settings: Settings, trust: Trust, anonymous: httpx.AsyncClient, member: httpx.AsyncClient
) -> None:
    (trust.folder / "registry.jws").write_text("not a signed document")
    await until(lambda: _blames(anonymous, "registry"), what="health names the registry")
    path = f"/records/{office.KIND}/vehicles?select=price&limit=1"
    assert (await member.get(path)).status_code == 200
    unknown = {**trust.headers(f"{office.DIVISION}.approvals"), "Authorization": "Bearer e30.e30.e30"}
    assert (await anonymous.get(path, headers=unknown)).status_code == 401


async def test_the_catalogue_is_a_descriptor_with_contracts_in_full(anonymous: httpx.AsyncClient) -> None:
    answer = await anonymous.get("/catalogue")
    found = Descriptor.model_validate_json(answer.content)
    catalogue = Catalogue(load_document(one) for one in found.contracts)
    assert catalogue.datasets() == tuple(
        f"{office.KIND}.{name}" for name in ("drivers", "inspections", "vehicles")
    )
    vehicles = next(one for one in found.offerings if one.dataset.endswith("vehicles"))
    assert (vehicles.records, vehicles.coverage, vehicles.majors) == (
        office.VEHICLES,
        (office.DIVISION,),
        (1,),
    )
    assert vehicles.topics["v1.public"] == f"dev.{office.DIVISION}.{office.KIND}.vehicles.v1.public"
    unchanged = await anonymous.get("/catalogue", headers={"If-None-Match": answer.headers["etag"]})
    assert (unchanged.status_code, unchanged.content) == (304, b"")


async def test_the_data_routes_stand_in_the_api_description(anonymous: httpx.AsyncClient) -> None:
    document = (await anonymous.get("/openapi.json")).json()
    path = f"/records/{office.KIND}/vehicles"
    assert {
        path,
        f"{path}/query",
        f"{path}/lookup",
        f"{path}/verify",
        f"{path}/{{record_id}}",
        "/health",
    } <= set(document["paths"])
    assert list(document["paths"]["/metrics"]["get"]["responses"]["200"]["content"]) == ["text/plain"]
    record = document["components"]["schemas"][f"{office.KIND}.vehicles.v1"]["properties"]
    assert "secret" not in record
    assert record["price"] == {
        "type": ["string", "null"],
        "format": "decimal",
        "title": "price",
        "description": "price",
    }
    assert not [one for one in document["paths"][path]["get"]["parameters"] if one["name"] == "owner_id"]
    assert (await anonymous.get("/docs")).status_code == 200


async def test_without_signed_files_nobody_is_a_member(settings: Settings, trust: Trust) -> None:
    alone = settings.model_copy(update={"registry_file": None, "grants_file": None})
    async with running(create_app(office.DEPARTMENT, alone)) as client:
        path = f"/records/{office.KIND}/vehicles?limit=1"
        assert (await client.get(path)).status_code == 200
        assert (await client.get(path, headers=trust.headers(office.OWNER))).json()["code"] == "bad-token"


def test_a_malformed_contract_stops_the_service_with_file_line_and_item(
    settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    file = _contracts(settings) / "drivers.v1.odcs.yaml"
    file.write_text(file.read_text().replace('"logicalType":"string"', '"logicalType":"text"'))
    with pytest.raises(ContractFault):
        create_app(office.DEPARTMENT, settings)
    assert serve(office.DEPARTMENT, settings) == 1
    said = capsys.readouterr().err
    assert "drivers.v1.odcs.yaml:1: item id_number: logicalType" in said
    assert "Traceback" not in said


def test_a_contract_without_mapping_stops_the_service(settings: Settings) -> None:
    file = _contracts(settings) / "inspections.v2.odcs.yaml"
    file.with_name("inspections.v3.odcs.yaml").write_text(
        file.read_text().replace("inspections:2", "inspections:3").replace("2.0.0", "3.0.0")
    )
    with pytest.raises(BadDepartment, match=r"inspections v3 has a contract or a mapping, but not both"):
        create_app(office.DEPARTMENT, settings)


def test_a_mapping_without_contract_stops_the_service(settings: Settings) -> None:
    (_contracts(settings) / "inspections.v2.odcs.yaml").unlink()
    with pytest.raises(BadDepartment, match=r"no contract: .*inspections is not served in version 2"):
        create_app(office.DEPARTMENT, settings)


def test_the_env_example_names_every_setting() -> None:
    lines = env_example(Settings).splitlines()
    for name, field in Settings.model_fields.items():
        assert any(line.startswith(f"LANGQIAO_{name.upper()}=") for line in lines), name
        assert field.description, f"{name} has no description"


def _contracts(settings: Settings) -> Path:
    assert settings.contracts_dir is not None
    return settings.contracts_dir / office.KIND


async def _blames(client: httpx.AsyncClient, check: str) -> bool:
    return check in await reasons(client)
