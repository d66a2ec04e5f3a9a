"""Mutual TLS among real processes, a department, a gateway and callers; and certificates that are renewed meanwhile."""

import ssl
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import httpx
import pytest

from schemas.trust import signed
from schemas.trust.receipts import read_receipt
from schemas.trust.registry import from_document
from services.client.bridge import Bridge
from services.client.profile import Profile
from tests.flow.load import Load, all_on
from tests.flow.pair import DATASET, QUESTION, asked, make_pair
from tests.services.cli.tool import run
from tests.waiting import until_sync


@dataclass(frozen=True)
class Running:
    """A department and a gateway that speak mutual TLS, the folder of the certificates, and who asks."""

    certificates: Path
    node: int
    gateway: int
    profile: Profile
    registry: Path

    def answers(self, port: int) -> bool:
        return asked(self.profile, f"https://127.0.0.1:{port}")

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


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    folder = tmp_path_factory.mktemp("mutual")
    certificates = _certificates(folder)
    pair = make_pair(folder)
    named = {
        "tls_ca_file": str(certificates / "ca.pem"),
        "tls_certificate_file": str(certificates / "caller.tls.pem"),
        # So each answer's receipt is looked at as it comes.
        "registry_file": str(pair.plan.registry),
    }
    profile = replace(pair.profile, authority_keys=pair.authority, **named)
    serving = _secured("LANGQIAO_", certificates, "node")
    federating = _secured("LANGQIAO_GATEWAY_", certificates, "gateway")
    with pair.running(serving, federating, profile, scheme="https"):
        yield Running(certificates, pair.department.port, pair.plan.gateway_port, profile, pair.plan.registry)


def test_whoever_shows_a_certificate_is_answered_by_the_node_and_through_the_gateway(
    running: Running,
) -> None:
    assert running.answers(running.node)
    assert running.answers(running.gateway)


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
    profile = replace(running.profile, tls_certificate_file=str(stranger / "caller.tls.pem"))
    address = f"https://127.0.0.1:{running.node}"
    with Bridge(profile, base_url=address) as bridge, pytest.raises(httpx.TransportError):
        bridge.get("/health")


def test_authority_and_certificates_are_renewed_under_load_and_no_call_fails(running: Running) -> None:
    authority = str(running.certificates.parent / "authority")
    ports = {"node": running.node, "gateway": running.gateway}
    before = {name: running.shown(port) for name, port in ports.items()}
    # They opened their connections before all of this; those that look whether it answers open theirs anew.
    loads = [Load(running.profile, f"https://127.0.0.1:{one}", DATASET, QUESTION) for one in ports.values()]
    with all_on(*loads):

        def renewed(name: str) -> bool:
            assert running.answers(running.gateway)
            assert running.answers(running.node)
            return running.shown(ports[name]) != before[name]

        _tool("authority", "--out", authority, "--renew")
        for name in ports:
            _tool("renew", str(running.certificates / f"{name}.tls.pem"), "--authority", authority)
            until_sync(lambda name=name: renewed(name), 20.0, "the new certificate is shown")  # type: ignore[misc]
        _tool("renew", str(running.certificates / "caller.tls.pem"), "--authority", authority)
        assert running.answers(running.gateway)
        for load in loads:
            load.go_on()
    assert [load.failed for load in loads] == [[], []]
    known = from_document(signed.unchecked(running.registry.read_text()))
    assert all(read_receipt(text, known) for text in loads[0].receipts)
    assert loads[0].receipts
