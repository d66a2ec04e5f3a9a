"""deploy/compose.yaml runs every department's processes, with settings that exist and no password that works."""

import re
from typing import Any

import orjson
import pytest
import typer

from gateway.settings import Settings as GatewaySettings
from schemas.contracts.load import files
from services.cli.main import app
from services.departments import kinds
from services.directory.settings import Operator
from services.engine.settings import Settings
from tests.deploy import composed

_PINNED = re.compile(r"(apache/kafka:4\.\d+\.\d+|postgres:\d+\.\d+|langqiao:\d+\.\d+\.\d+)")
_ENDS = re.compile(r'ends="([^"]+)"')
_PORT = re.compile(r":(\d+)/health")


def _environment(name: str) -> dict[str, str]:
    found: dict[str, str] = composed.services()[name]["environment"]
    return found


def test_every_department_has_a_service_a_relay_and_a_database_of_its_own() -> None:
    expected = {f"{kind}{part}" for kind in kinds() for part in ("", "-relay", "-db")}
    assert set(composed.services()) == expected | {"kafka", "gateway", "access-list"}


def test_images_are_pinned_and_kafka_keeps_its_own_quorum() -> None:
    assert [name for name, one in composed.services().items() if not _PINNED.fullmatch(one["image"])] == []
    kafka = _environment("kafka")
    assert kafka["KAFKA_PROCESS_ROLES"] == "broker,controller"
    assert kafka["KAFKA_AUTO_CREATE_TOPICS_ENABLE"] == "false"


@pytest.mark.parametrize("name", [one for one in composed.services() if "-" not in one and one != "kafka"])
def test_commands_exist_in_the_tool(name: str) -> None:
    command = typer.main.get_command(app)
    words = composed.services()[name]["command"]
    for word in words[:2]:
        command = command.get_command(None, word)  # type: ignore[attr-defined]
        assert command is not None, word
    assert words[2:] == ([name] if name != "gateway" else [])


@pytest.mark.parametrize("kind", kinds())
def test_service_and_relay_of_a_department_are_told_the_same_and_all_that_they_need(
    kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = _environment(kind)
    assert told == _environment(f"{kind}-relay")
    settings = _read(Settings, told, monkeypatch)
    assert settings.kind == kind
    assert files(settings.kind)
    password = _environment(f"{kind}-db")["POSTGRES_PASSWORD"]
    assert settings.database_url.get_secret_value() == f"postgresql://{kind}:{password}@{kind}-db:5432/{kind}"


def test_the_gateway_is_told_all_that_it_needs_and_asks_every_department_at_its_port(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    settings = _read(GatewaySettings, _environment("gateway"), monkeypatch)
    ports = {kind: _environment(kind)["LANGQIAO_PORT"] for kind in kinds()}
    division = composed.SAID["DIVISION"]
    assert settings.node_ids == {
        f"http://{kind}:{port}": f"{division}.{kind}" for kind, port in ports.items()
    }
    assert set(settings.nodes) == set(settings.node_ids)
    assert composed.services()["gateway"]["ports"] == [f"127.0.0.1:{settings.port}:{settings.port}"]


def test_the_access_list_is_kept_within_seconds_for_every_department_by_what_the_office_grants(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    settings = _read(Operator, _environment("access-list"), monkeypatch)
    assert set(settings.departments) == {f"{composed.SAID['DIVISION']}.{kind}" for kind in kinds()}
    assert (settings.grants_from, settings.grants_files) == ("http://data_office:8100", {})
    service = composed.services()["access-list"]
    assert service["command"] == ["acls", "sync", "--every", "1"]
    assert service["profiles"] == ["access-list"], "a broker without an access list has no use for it"
    assert set(service["networks"]) == {"bridge", "events"}
    assert _folders("access-list")["/run/secrets"]["source"] == "./secrets/operator"
    assert settings.grants_folder is not None
    assert str(settings.grants_folder.parent) == "/var/lib/langqiao", "the volume, which outlives the process"


@pytest.mark.parametrize("name", [*kinds(), "gateway"])
def test_health_is_asked_at_the_port_that_the_process_listens_on(name: str) -> None:
    told = _environment(name)
    port = told.get("LANGQIAO_PORT") or told["LANGQIAO_GATEWAY_PORT"]
    assert _PORT.search(composed.services()[name]["healthcheck"]["test"][-1]).group(1) == port  # type: ignore[union-attr]
    host = told.get("LANGQIAO_HOST") or told["LANGQIAO_GATEWAY_HOST"]
    assert host == "0.0.0.0", "a container that listens on loopback alone is reached by nobody"


def test_everything_but_relays_says_how_it_is() -> None:
    silent = {name for name, one in composed.services().items() if "test" not in one["healthcheck"]}
    assert silent == {f"{kind}-relay" for kind in kinds()} | {"access-list"}


@pytest.mark.parametrize("name", [*kinds(), *(f"{kind}-relay" for kind in kinds()), "gateway"])
def test_keys_lie_in_a_folder_that_their_owner_alone_sees_and_cannot_write(name: str) -> None:
    """A folder, not each file: who mounts a file goes on to see it after another has been put in its place."""
    folders = _folders(name)
    assert folders["/run/secrets"]["source"] == f"./secrets/{name.removesuffix('-relay')}"
    named = [text for text in _texts(_environment(name)) if text.startswith("/run/")]
    assert {text.rpartition("/")[0] for text in named} == set(folders)
    for one in folders.values():
        assert (one["type"], one["read_only"], one["bind"]) == ("bind", True, {"create_host_path": False})
        assert one["source"] in ("./registry", folders["/run/secrets"]["source"])
    assert "secrets" not in composed.services()[name]


def test_the_steps_before_the_first_start_make_keys_for_all_departments_and_for_all_that_hold_links() -> None:
    steps = (composed.DEPLOY / "README.md").read_text(encoding="utf-8")
    assert f"for kind in {' '.join(kinds())}; do" in steps
    [ends] = _ENDS.findall(steps)
    linked = {end.partition(".")[0] for end in ends.split()} | {"public_security"}
    assert linked == {kind for kind in kinds() if "LANGQIAO_LINK_KEYS_FILE" in _environment(kind)}


def test_no_password_is_written_down_and_none_has_a_default() -> None:
    assert composed.other_dollars() == []
    for name, one in composed.services().items():
        if name.endswith("-db"):
            assert one["environment"]["POSTGRES_PASSWORD"] == "secret"
    example = (composed.DEPLOY / "compose.env.example").read_text(encoding="utf-8")
    lines = [line for line in example.splitlines() if line and not line.startswith("#")]
    assert {line.rstrip("=") for line in lines} == composed.variables()
    assert all(line.endswith("=") for line in lines)
    for name in composed.variables():
        assert f"${{{name}:?" in composed.text(), f"compose would start without {name}"


def test_databases_are_reached_by_their_department_alone_and_the_gateway_by_no_way_but_http() -> None:
    networks = {name: set(one["networks"]) for name, one in composed.services().items()}
    assert networks["gateway"] == {"bridge"}
    assert networks["kafka"] == {"events"}
    for kind in kinds():
        assert networks[f"{kind}-db"] == {kind}
        assert networks[kind] == {kind, "bridge"}
        assert networks[f"{kind}-relay"] == {kind, "events"}
    assert set().union(*networks.values()) == set(composed.document()["networks"])


def test_our_processes_have_no_rights_that_they_do_not_need() -> None:
    for one in composed.services().values():
        if one["image"].startswith("langqiao:"):
            assert (one["read_only"], one["cap_drop"]) == (True, ["ALL"])


def _folders(name: str) -> dict[str, dict[str, Any]]:
    """The folders of this machine that a process sees, by where it sees them."""
    mounts = composed.services()[name]["volumes"]
    return {one["target"]: one for one in mounts if isinstance(one, dict)}


def _texts(environment: dict[str, str]) -> list[str]:
    return [text for text in environment.values() if isinstance(text, str)]


def _read(settings: type[Any], told: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> Any:
    """The settings of a container: every variable of ours is a real setting, and no needed one is missing."""
    prefix = settings.model_config["env_prefix"]
    ours = {name for name in told if name.startswith("LANGQIAO_")}
    assert ours == set(told)
    assert {name.removeprefix(prefix).lower() for name in ours} <= set(settings.model_fields)
    assert all(isinstance(text, str) for text in told.values()), (
        "compose takes texts; YAML would make numbers of them"
    )
    for name, text in told.items():
        monkeypatch.setenv(name, text)
    assert orjson.loads(told.get("LANGQIAO_AUTHORITY_KEYS", "{}")) == {}
    return settings()
