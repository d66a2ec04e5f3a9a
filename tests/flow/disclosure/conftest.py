"""A real service over a made-up office, to be killed and started again."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import orjson
import pytest

from schemas.trust import registry, signed
from schemas.trust.receipts import Receipt, read_receipt
from services.cli.world.forking import start_forked
from services.cli.world.processes import Child, free_ports, stop_all
from tests.flow.disclosure import office_process
from tests.flow.disclosure.office_process import settings_of, write_node_key
from tests.services.engine.api import office
from tests.services.engine.api.conftest import Trust, make_settings, make_trust

_CALLERS = 8
VEHICLE = f"/records/{office.KIND}/vehicles/A02?select=plate"


@dataclass
class Office:
    """A made-up office in a folder, and the answers that its callers got whole."""

    folder: Path
    port: int
    trust: Trust
    receipts: list[Receipt] = field(default_factory=list)

    @property
    def log(self) -> Path:
        return settings_of(self.folder, self.port).access_log

    @contextmanager
    def running(self, kill_at: int = 0) -> Iterator[Child]:
        """The service; it kills itself when its answer of that number is in the log and not yet sent."""
        child = start_forked("office", office_process.run, (self.folder, self.port, kill_at), self.folder, {})
        try:
            yield child
        finally:
            stop_all([child])

    def ask_until_it_ends(self, enough: Callable[[], None]) -> None:
        """Ask by several callers at once, until the service is gone; `enough` is called after each answer."""
        threads = [threading.Thread(target=self._ask, args=(enough,)) for _ in range(_CALLERS)]
        for one in threads:
            one.start()
        for one in threads:
            one.join()

    def _ask(self, enough: Callable[[], None]) -> None:
        trusted = {self.trust.authority.key_id: self.trust.authority.public_hex}
        members = registry.from_document(
            signed.read((self.trust.folder / "registry.jws").read_text(), trusted)
        )
        with httpx.Client(base_url=f"http://127.0.0.1:{self.port}", trust_env=False) as http:
            while True:
                try:
                    answer = http.get(VEHICLE)
                except httpx.TransportError:
                    return
                assert answer.json() == {"plate": "A02"}
                self.receipts.append(read_receipt(answer.headers["langqiao-receipt"], members))
                enough()

    def ready(self) -> bool:
        try:
            return httpx.get(f"http://127.0.0.1:{self.port}/health", trust_env=False).status_code == 200
        except httpx.TransportError:
            return False


@pytest.fixture
def made(tmp_path: Path) -> Office:
    trust = make_trust(tmp_path / "trust")
    make_settings(tmp_path, trust)
    trusted = {trust.authority.key_id: trust.authority.public_hex}
    (tmp_path / "trust" / "authority.json").write_bytes(orjson.dumps(trusted))
    write_node_key(tmp_path, trust.systems[f"{office.OWNER}/node"])
    return Office(tmp_path, free_ports(1)[0], trust)
