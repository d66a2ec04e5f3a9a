"""The keys of a system, a node and a gateway rotated under load, each by one command: no call fails, what the old keys
signed goes on to verify, and in the end they open nothing any more."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from threading import Event, Thread
from typing import Any

import httpx
import jwt
import orjson
import pytest

from schemas.trust import keys, registry, signed, token
from schemas.trust.receipts import read_receipt
from schemas.trust.registry import Registry
from schemas.trust.statements import read_checkpoint
from schemas.wire import headers as names
from services.cli.world.plan import ASKING_MEMBER, GATEWAY
from services.client.bridge import Bridge
from services.client.profile import Profile
from services.client.signing import Signing
from tests.flow.pair import DATASET, KIND, QUESTION, Pair, make_pair
from tests.services.cli.tool import run
from tests.waiting import until_sync

#: Longer than a registry takes to a node on a machine that is busy; and how long the old keys are good for after that.
_LEAD, _OVERLAP_HOURS = 5, 0.001
_SYSTEM, _NODE = f"{ASKING_MEMBER}/window", f"330200.{KIND}/node"
_PATH = f"/records/{DATASET.replace('.', '/')}/query"


@dataclass
class Load:
    """One who asks again and again; `failed` says what was not a good answer, `receipts` what came with the others."""

    profile: Profile
    address: str
    failed: list[str] = field(default_factory=list)
    receipts: list[str] = field(default_factory=list)
    calls: int = 0
    _enough: Event = field(default_factory=Event)

    @contextmanager
    def on(self) -> Iterator[None]:
        thread = Thread(target=self._ask_on, daemon=True)
        thread.start()
        try:
            yield
        finally:
            self._enough.set()
            thread.join()

    def _ask_on(self) -> None:
        with Bridge(self.profile, base_url=self.address) as bridge:
            while not self._enough.is_set():
                try:
                    said = {"Content-Type": names.JSON}
                    answer, _ = bridge.exchange("POST", _PATH, said, orjson.dumps(QUESTION))
                    self.receipts += [one for one in [answer.headers.get(names.RECEIPT)] if one]
                    self.calls += 1
                except Exception as fault:
                    self.failed.append(repr(fault))


@dataclass
class Town:
    """A running pair whose authority's key is at hand."""

    pair: Pair
    authority: Path

    @property
    def registry(self) -> Registry:
        return registry.from_document(signed.unchecked(self.pair.plan.registry.read_text()))

    def rotate(self, system: str, key: Path) -> None:
        ended = run(
            *("keys", "rotate", system, "--key", str(key)),
            *("--registry", str(self.pair.plan.registry), "--authority", str(self.authority)),
            *("--lead", str(_LEAD), "--overlap", str(_OVERLAP_HOURS)),
        )
        assert ended.exit_code == 0, ended.output

    def ended(self, *systems: str) -> bool:
        """Whether one key of each is over, and another stands."""
        now, members = datetime.now(UTC), self.registry.members
        return all(
            {self.registry.key(key_id, now) is None for key_id in members[one].keys} == {True, False}
            for one in systems
        )


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    folder = tmp_path_factory.mktemp("rotation")
    pair, authority = make_pair(folder), keys.new_key()
    private = folder / "authority.key.pem"
    private.write_bytes(keys.write_private(authority))
    document = signed.unchecked(pair.plan.registry.read_text())
    pair.plan.registry.write_text(signed.sign(document, authority))
    trusted = {**pair.authority, authority.key_id: authority.public_hex}
    serving = {
        "LANGQIAO_AUTHORITY_KEYS": orjson.dumps(trusted).decode(),
        "LANGQIAO_LOG_CHECKPOINT_SECONDS": "1",
    }
    with pair.running(serving, {}, pair.profile):
        yield Town(pair, private)


def _key_ids(texts: list[str]) -> set[str]:
    return {str(jwt.get_unverified_header(one)["kid"]) for one in texts}


def _messages(folder: Path) -> set[str]:
    """The ids of the keys that signed the calls which were entered."""
    shown = run("log", "show", str(folder), "--count", "1000000")
    entries: list[dict[str, Any]] = [orjson.loads(line) for line in shown.output.splitlines()]
    return {str(one["message"]).partition(":")[0] for one in entries if one.get("message")}


def test_all_keys_are_rotated_under_load_and_no_call_fails(town: Town) -> None:
    plan, department = town.pair.plan, town.pair.department
    own, old = plan.profiles / "approvals.key.pem", town.pair.profile.key()
    assert old is not None
    straight, through = Load(town.pair.profile, department.url), Load(town.pair.profile, plan.gateway_url)
    rotated = {_SYSTEM: own, _NODE: department.node_key, GATEWAY: plan.gateway_key}
    with straight.on(), through.on():
        until_sync(lambda: straight.receipts and through.calls, what="both ask")
        for system, key in rotated.items():
            town.rotate(system, key)
        until_sync(lambda: town.ended(*rotated), 60.0, "the old keys have ended")
        until = straight.calls + 20
        until_sync(lambda: straight.calls > until, 60.0, "it goes on by the new keys")
    assert (straight.failed, through.failed) == ([], [])
    _holds(town, straight.receipts, rotated)
    _opens_nothing(department.url, old)


def _holds(town: Town, receipts: list[str], rotated: dict[str, Path]) -> None:
    """Whatever the old keys signed verifies by the registry of now, and all of the keys were used."""
    known, log = town.registry, town.pair.department.access_log
    checkpoints = (log / "checkpoints.jws").read_text().splitlines()
    assert all(read_receipt(one, known) for one in receipts)
    assert all(read_checkpoint(one, known) for one in checkpoints)
    node = set(known.members[_NODE].keys)
    assert _key_ids(receipts) == node
    assert _key_ids(checkpoints) == node
    signed_calls = {key_id for one in (_SYSTEM, GATEWAY) for key_id in known.members[one].keys}
    assert signed_calls <= _messages(log)


def _opens_nothing(address: str, old: keys.KeyPair) -> None:
    text = token.make(old, system=_SYSTEM, member=ASKING_MEMBER, now=datetime.now(UTC))
    said = {"Authorization": f"Bearer {text}", "Langqiao-Purpose": "case:1"}
    answer = httpx.post(f"{address}{_PATH}", headers=said, json=QUESTION, auth=Signing(old), trust_env=False)
    assert (answer.status_code, answer.json()["reason"]) == (401, "unknown-key")
