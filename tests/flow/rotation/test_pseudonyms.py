"""A department's pseudonym key rotated by one command while callers ask, programs write and the relay is killed: no
call fails, the topic ends with exactly the table under new ids, and old ids and entries of before are found."""

import asyncio
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from threading import Event, Thread
from typing import Any

import httpx
import orjson
import pytest

from schemas.wire import headers as names
from schemas.wire.event import from_kafka
from services.cli.world.forking import start_tool
from services.cli.world.world import World, running_world
from services.client.bridge import Bridge, Refused
from services.client.profile import Profile
from services.client.signing import Signing
from services.engine.synthetic.population import Size
from tests.brokers import EmbeddedBroker, messages_of
from tests.flow.events.shop import fold
from tests.services.cli.tool import run
from tests.waiting import until_sync

_KIND, _DATASET, _TABLE = "credit", "credit.judgment_debtors", "dw_zj_fzgg_sxbzxrxx"
_PATH = f"/records/{_DATASET.replace('.', '/')}"
_TOPIC = f"demo.330200.{_DATASET}.v1.shared"
_ALL = {"select": "record_id,court,case_no", "limit": 10_000}
_NEW_ROW = (
    f"INSERT INTO {_TABLE} (dishonest_id, executed_nm, executed_court, case_no) VALUES (?, '新', '新法院', ?)"
)
_PATIENCE = 60.0


@dataclass
class Town:
    """The running world of one department."""

    world: World

    @property
    def environment(self) -> dict[str, str | None]:
        return {**self.world.department_environment(self.world.plan.departments[0])}

    @property
    def key(self) -> Path:
        return Path(str(self.environment["LANGQIAO_PSEUDONYM_KEY_FILE"]))

    def profile(self, name: str = "approvals") -> Profile:
        return Profile.load(self.world.plan.profiles / f"{name}.json")

    def rows(self, sql: str, *values: object) -> list[tuple[Any, ...]]:
        """A statement of a program that knows nothing of us."""
        path = self.world.plan.departments[0].database_url.removeprefix("sqlite:///")
        with closing(sqlite3.connect(path, timeout=10, isolation_level=None)) as program:
            return program.execute(sql, values).fetchall()

    def kill_relay(self) -> None:
        """kill -9, and another one, which need not wait for the end of the dead one's lease."""
        self.world.children[f"{_KIND}-relay"].kill()
        self.rows("UPDATE lq_lease SET until = 0")
        told = self.world.department_environment(self.world.plan.departments[0])
        arguments = ["department", "relay", _KIND]
        self.world.children[f"{_KIND}-relay"] = start_tool("relay", arguments, self.world.plan.logs, told)

    @property
    def turns(self) -> int:
        found = self.rows("SELECT value FROM lq_state WHERE name = 'pseudonym_keys'")
        return len(orjson.loads(found[0][0])) if found else 0

    def shown(self) -> dict[str, tuple[Any, ...]]:
        """What the department answers, by record id."""
        with Bridge(self.profile(), base_url=self.world.plan.departments[0].url) as bridge:
            found = bridge.ask(_DATASET, _ALL).data
        return {one["record_id"]: (one["court"], one["case_no"]) for one in found}

    def told(self) -> dict[str, tuple[Any, ...]]:
        """What a subscriber has, by record id."""
        broker = EmbeddedBroker(self.world.plan.logs, self.world.plan.broker_port)
        messages = asyncio.run(messages_of(broker, _TOPIC))
        folded = fold([from_kafka(one.key, one.value, one.headers) for one in messages])
        return {one: (data["court"], data["case_no"]) for one, data in folded.items() if data is not None}

    def read(self, record_id: str) -> dict[str, Any]:
        with Bridge(self.profile()) as bridge:
            found: dict[str, Any] = bridge.get(f"{_PATH}/{record_id}?select=record_id,case_no")
            return found

    def looked_up(self, ids: list[str]) -> list[dict[str, Any]]:
        profile = self.profile()
        key = profile.key()
        assert key is not None
        body = orjson.dumps({"record_ids": ids, "select": "record_id"})
        request = {**profile.headers(), "Content-Type": names.JSON}
        address = f"{profile.gateway}{_PATH}/lookup"
        answer = httpx.post(address, content=body, headers=request, auth=Signing(key), trust_env=False)
        return [orjson.loads(line) for line in answer.content.splitlines()][:-1]


@dataclass
class Load:
    """Callers and a program, again and again; `failed` says what was not a good answer."""

    town: Town
    failed: list[str] = field(default_factory=list)
    calls: int = 0
    written: int = 0
    _enough: Event = field(default_factory=Event)

    @contextmanager
    def on(self) -> Iterator[None]:
        threads = [Thread(target=one, daemon=True) for one in (self._ask_on, self._write_on)]
        for one in threads:
            one.start()
        try:
            yield
        finally:
            self._enough.set()
            for one in threads:
                one.join()

    def _ask_on(self) -> None:
        """Lists some records, and reads each at its address."""
        while not self._enough.is_set():
            try:
                with Bridge(self.town.profile()) as bridge:
                    some = bridge.ask(_DATASET, {"select": "record_id", "limit": 3}).data
                    for one in some:
                        bridge.get(f"{_PATH}/{one['record_id']}?select=case_no")
                        self.calls += 1
            except Exception as fault:
                self.failed.append(repr(fault))

    def _write_on(self) -> None:
        """Creates, changes and deletes records behind the others."""
        while not self._enough.wait(0.01):
            self.written += 1
            self.town.rows(_NEW_ROW, f"~{self.written}", f"case {self.written}")
            self.town.rows(
                f"UPDATE {_TABLE} SET case_no = case_no || '*' WHERE rowid = ?", self.written % 20 + 1
            )
            if self.written % 3 == 0:
                self.town.rows(f"DELETE FROM {_TABLE} WHERE dishonest_id = ?", f"~{self.written - 2}")


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    size = Size().scaled(0.3)
    with running_world(tmp_path_factory.mktemp("pseudonyms"), (_KIND,), size=size) as world:
        yield Town(world)


def test_a_pseudonym_key_is_rotated_under_load_and_its_relay_killed(town: Town) -> None:
    until_sync(lambda: town.told() == town.shown(), _PATIENCE, "the topic holds the table")
    old = town.shown()
    assert len(old) > 20, "those that callers read are none that come and go"
    person, looked_at = _somebody(town, old)
    before = datetime.now(UTC)
    load = Load(town)
    with load.on():
        until_sync(lambda: load.calls and load.written, what="all are at work")
        _succeeds("keys", "rotate", "pseudonym", "--key", str(town.key))
        assert oct(town.key.stat().st_mode & 0o777) == "0o600"
        town.kill_relay()
        until_sync(lambda: town.turns == 2, _PATIENCE, "an epoch begins under the new key")
        town.kill_relay()
        until_sync(lambda: town.told().keys() - old.keys(), _PATIENCE, "records are told by new ids")
        town.kill_relay()
        until = load.calls + 50
        until_sync(lambda: load.calls > until, _PATIENCE, "callers go on")
    until_sync(lambda: town.told() == town.shown(), _PATIENCE, "the topic holds the table by its new ids")
    assert town.shown().keys().isdisjoint(old)
    assert load.failed == []
    _is_found_by_either_id(town, looked_at)
    assert _entries(town, person, before)
    until_sync(lambda: run("reconcile", "--json", environment=town.environment).exit_code == 0, _PATIENCE)
    _ends(town, looked_at)
    assert _entries(town, person, before), "a retired key serves the log"


def _somebody(town: Town, shown: dict[str, tuple[Any, ...]]) -> tuple[str, str]:
    """A person whose record was read before, and the id of that."""
    [(number, case), *_] = town.rows(f"SELECT identi_id, case_no FROM {_TABLE} WHERE length(identi_id) = 18")
    record_id = next(one for one, (_, case_no) in shown.items() if case_no == case)
    assert town.read(record_id)["record_id"] == record_id
    return str(number), record_id


def _is_found_by_either_id(town: Town, old: str) -> None:
    new = town.read(old)["record_id"]
    assert new != old
    assert town.read(new)["record_id"] == new
    found = [{"record_id": new}]
    lines = [{"key": old, "records": found}, {"key": new, "records": found}, {"key": "none", "records": []}]
    assert town.looked_up([old, new, "none"]) == lines
    assert town.looked_up([old]) == lines[:1]


def _ends(town: Town, old: str) -> None:
    """The old ids are forgotten."""
    new = town.read(old)["record_id"]
    _succeeds("keys", "retire", "pseudonym", environment=town.environment)
    until_sync(lambda: _is_unknown(town, old), what="the old id is absent")
    assert town.read(new)["record_id"] == new
    assert town.looked_up([old, new])[0] == {"key": old, "records": []}
    assert run("reconcile", "--json", environment=town.environment).exit_code == 0


def _is_unknown(town: Town, record_id: str) -> bool:
    try:
        return not town.read(record_id)
    except Refused as refused:
        return refused.status == 404


def _entries(town: Town, person: str, before: datetime) -> list[dict[str, Any]]:
    """What the person is told of calls before a moment; calls after it are told too."""
    with Bridge(town.profile("citizen_services")) as desk:
        found: list[dict[str, Any]] = desk.about(person, limit=1_000)["entries"]
    earlier = [one for one in found if datetime.fromisoformat(one["at"]) < before]
    assert len(earlier) < len(found)
    return earlier


def _succeeds(*arguments: str, environment: dict[str, str | None] | None = None) -> None:
    ended = run(*arguments, environment=environment)
    assert ended.exit_code == 0, ended.output
