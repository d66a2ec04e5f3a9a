"""Mutual TLS among real processes, a department, a gateway and callers; and certificates that are renewed meanwhile."""

import ssl
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import httpx
import orjson
import pytest

from services.cli.world.forking import start_tool
from services.cli.world.plan import DIVISION, DepartmentPlan, WorldPlan
from services.cli.world.processes import free_ports, stop_all
from services.cli.world.seeding import seed
from services.cli.world.trust import make_trust
from services.cli.world.world import World
from services.client.bridge import Bridge, Refused
from services.client.profile import Profile
from services.engine.synthetic.population import Size
from tests.services.cli.tool import run
from tests.waiting import until_sync

_KIND = "credit"
_DATASET, _QUESTION = "credit.penalties", {"select": "case_name", "limit": 1}


@dataclass(frozen=True)
class Running:
    """A department and a gateway that speak mutual TLS, the folder of the certificates, and who asks."""

    certificates: Path
    node: int
    gateway: int
    profile: Profile

    def asking(self, port: int) -> Profile:
        return replace(self.profile, gateway=f"https://127.0.0.1:{port}")

    def shown(self, port: int) -> str:
        """The certificate that is shown at a port to whoever comes."""
        return ssl.get_server_certificate(("127.0.0.1", port))


def _tool(*arguments: str) -> None:
    ended = run("keys", "tls", *arguments)
    assert ended.exit_code == 0, ended.output


def _certificates(folder: Path) -> Path:
    out = folder / "certificates"
    _tool("authority", "--out", str(folder / "authority"))
    issue = ("issue", "--authority", str(folder / "authority"), "--out", str(out))
    for name in ("node", "gateway"):
        _tool(*issue, "--name", name, "--host", "127.0.0.1")
    _tool(*issue, "--name", "caller")
    return out


def _secured(prefix: str, certificates: Path, name: str) -> dict[str, str]:
    return {
        f"{prefix}TLS_CERTIFICATE_FILE": str(certificates / f"{name}.tls.pem"),
        f"{prefix}TLS_CA_FILE": str(certificates / "ca.pem"),
        f"{prefix}TLS_CLIENT_CERTIFICATES": "true",
    }


def _profile(plan: WorldPlan, certificates: Path) -> Profile:
    found = Profile.load(plan.profiles / "approvals.json")
    return replace(
        found,
        tls_ca_file=str(certificates / "ca.pem"),
        tls_certificate_file=str(certificates / "caller.tls.pem"),
    )


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    folder = tmp_path_factory.mktemp("mutual")
    certificates = _certificates(folder)
    gateway, node = free_ports(2)
    department = DepartmentPlan(_KIND, node, folder / _KIND, f"sqlite:///{folder / 'records.sqlite'}")
    plan = WorldPlan(folder, Size().scaled(0.01), gateway, 0, (department,))
    plan.logs.mkdir()
    world = World(plan, make_trust(plan))
    seed(_KIND, department.database_url, plan.size)
    serving = {
        **world.department_environment(department),
        **_secured("LANGQIAO_", certificates, "node"),
        "LANGQIAO_WITNESSES": "[]",
    }
    federating = {
        "LANGQIAO_GATEWAY_NODES": orjson.dumps([f"https://127.0.0.1:{node}"]).decode(),
        "LANGQIAO_GATEWAY_PORT": str(gateway),
        "LANGQIAO_GATEWAY_DIVISION": DIVISION,
        "LANGQIAO_GATEWAY_KEY_FILE": str(plan.gateway_key),
        "LANGQIAO_GATEWAY_REFRESH_SECONDS": "1",
        **_secured("LANGQIAO_GATEWAY_", certificates, "gateway"),
    }
    children = [
        start_tool("node", ["department", "serve", _KIND], plan.logs, serving),
        start_tool("gateway", ["gateway", "serve"], plan.logs, federating),
    ]
    try:
        ready = Running(certificates, node, gateway, _profile(plan, certificates))
        until_sync(lambda: _answers(ready), 60.0, "node and gateway are ready")
        yield ready
    finally:
        stop_all(children)


def _answers(running: Running) -> bool:
    try:
        return all(_asked(running, port) for port in (running.node, running.gateway))
    except (httpx.TransportError, Refused):
        return False


def _asked(running: Running, port: int) -> bool:
    with Bridge(running.asking(port)) as bridge:
        return bridge.get("/health")["ready"] is True and len(bridge.ask(_DATASET, _QUESTION).data) == 1


def test_whoever_shows_a_certificate_is_answered_by_the_node_and_through_the_gateway(
    running: Running,
) -> None:
    assert _asked(running, running.node)
    assert _asked(running, running.gateway)


@pytest.mark.parametrize("path", ["/health", "/catalogue", "/records/credit/penalties?select=case_name"])
def test_whoever_shows_none_is_answered_nothing_at_all(running: Running, path: str) -> None:
    trusting = ssl.create_default_context(cafile=running.certificates / "ca.pem")
    for port in (running.node, running.gateway):
        with (
            httpx.Client(verify=trusting, trust_env=False) as http,
            pytest.raises(httpx.TransportError),
        ):
            http.get(f"https://127.0.0.1:{port}{path}")
        with pytest.raises(httpx.TransportError):
            httpx.get(f"http://127.0.0.1:{port}{path}", trust_env=False)


def test_a_certificate_of_another_authority_is_none(running: Running, tmp_path: Path) -> None:
    stranger = _certificates(tmp_path)
    profile = replace(running.asking(running.node), tls_certificate_file=str(stranger / "caller.tls.pem"))
    with Bridge(profile) as bridge, pytest.raises(httpx.TransportError):
        bridge.get("/health")


def test_authority_and_certificates_are_renewed_while_all_run_and_no_call_fails(running: Running) -> None:
    authority = str(running.certificates.parent / "authority")
    ports = {"node": running.node, "gateway": running.gateway}
    before = {name: running.shown(port) for name, port in ports.items()}
    # A client that opened its connections before all of this goes on beside those that open theirs anew.
    with Bridge(running.asking(running.gateway)) as long_lived:

        def renewed(name: str) -> bool:
            assert _asked(running, running.gateway)
            assert _asked(running, running.node)
            assert long_lived.ask(_DATASET, _QUESTION).data
            return running.shown(ports[name]) != before[name]

        _tool("authority", "--out", authority, "--renew")
        for name in ports:
            _tool("renew", str(running.certificates / f"{name}.tls.pem"), "--authority", authority)
            until_sync(lambda name=name: renewed(name), 20.0, "the new certificate is shown")  # type: ignore[misc]
        _tool("renew", str(running.certificates / "caller.tls.pem"), "--authority", authority)
        assert _asked(running, running.gateway)
