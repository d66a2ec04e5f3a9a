"""The keys of a system, two nodes, a gateway, a link and the authority rotated under load, each by one command: no call
fails, no event is lost, what the old keys signed goes on to verify, and in the end they open nothing any more."""

import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import jwt
import orjson
import pytest

from schemas.trust import keys, signed, token
from schemas.trust.link_keys import ends_of, read_link_keys
from schemas.trust.receipts import read_receipt
from schemas.trust.signed_events import HEADER, check
from schemas.trust.statements import read_checkpoint, read_countersigned
from services.cli.world.plan import ASKING_MEMBER, GATEWAY
from services.cli.world.trust import GRANT_ID
from services.client.bridge import Bridge
from services.client.signing import Signing
from tests.flow.load import Load, all_on
from tests.flow.rotation.signing import ENDS, LISTINGS, Town, published, running_town, succeeds
from tests.services.cli.tool import run
from tests.waiting import until_sync

_SYSTEM, _NODE, _OTHER = (
    f"{ASKING_MEMBER}/window",
    "330200.market_regulation/node",
    "330200.public_security/node",
)
_QUESTION = {"select": "listed_because", "limit": 1}
_REPRESENTATIVES, _JOINED = ENDS[0].rpartition(".")[0], {"select": "name,resident!inner(name)", "limit": 5}
_PATIENCE = 60.0


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    with running_town(tmp_path_factory.mktemp("rotation")) as made:
        yield made


def test_all_keys_that_sign_or_seal_are_rotated_under_load(town: Town, tmp_path: Path) -> None:
    plan, old, authority = town.plan, town.profile.key(), town.authority
    assert old is not None
    evidence = _kept(town, tmp_path / "evidence.json")
    straight = Load(town.profile, plan.departments[0].url, LISTINGS, _QUESTION)
    through, joined = Load(town.profile, plan.gateway_url, LISTINGS, _QUESTION), _joined(town)
    own = plan.profiles / "approvals.key.pem"
    nodes = [one.node_key for one in plan.departments]
    with town.writing(), all_on(straight, through, joined):
        for system, key in {_SYSTEM: own, _NODE: nodes[0], GATEWAY: plan.gateway_key}.items():
            town.rotate(system, key)
        town.link()
        town.hand_over()
        town.rotate(_OTHER, nodes[1])
        until_sync(lambda: town.ended(_SYSTEM, _NODE, GATEWAY, _OTHER), _PATIENCE, "the old keys have ended")
        until_sync(lambda: len(_link_keys(town)) == 1, _PATIENCE, "so has the link's")
        for load in (straight, through, joined):
            load.go_on()
    assert straight.failed + through.failed + joined.failed == []
    assert town.written > 100
    until_sync(lambda: town.told() == town.shown(), _PATIENCE, "the topic holds the table")
    _events_hold(town)
    _holds(town, straight.receipts)
    _evidence_holds(town, evidence)
    _opens_nothing(plan.departments[0].url, old)
    _signs_nothing(town, authority, tmp_path)


def _joined(town: Town) -> Load:
    """Who asks both departments at once, by keys that pass the gateway sealed."""
    profile = town.profile.with_purpose(f"grant:{GRANT_ID}")
    with Bridge(profile) as bridge:
        expected = bridge.ask(_REPRESENTATIVES, _JOINED).data
    assert expected
    return Load(profile, town.plan.gateway_url, _REPRESENTATIVES, _JOINED, expected)


def _link_keys(town: Town) -> set[str]:
    """The ids of the link's keys that open now, in the files of both departments."""
    now, ends = datetime.now(UTC), ends_of(*ENDS)
    held = [read_link_keys(one.link_keys.read_bytes()).held(ends, now) for one in town.plan.departments]
    return {key.key_id for one in held for key in one}


def _kept(town: Town, file: Path) -> Path:
    """Evidence of an answer, with the time that the other department gave it, and the registry of its day beside it."""
    shutil.copy(town.plan.registry, _of_its_day(file))
    profile = ("--profile", str(town.plan.profiles / "approvals.json"))
    succeeds("evidence", "save", str(file), f"{LISTINGS}?select=listed_because&limit=1", *profile)
    stamped = ("evidence", "stamp", str(file), *profile)
    until_sync(lambda: run(*stamped).exit_code == 0, _PATIENCE, "a time token")
    return file


def _evidence_holds(town: Town, file: Path) -> None:
    """By the registry of its day beside that of now, for whoever was told the authority's first key."""
    known = ("--registry", str(_of_its_day(file)), "--registry", str(town.plan.registry))
    authority = orjson.dumps(town.world.authority).decode()
    succeeds("evidence", "verify", str(file), *known, "--authority", authority)


def _of_its_day(evidence: Path) -> Path:
    return evidence.with_name("first.jws")


def _events_hold(town: Town) -> None:
    """Each is its node's, whichever of its keys signed it, and both did."""
    known, messages = town.registry, town.messages()
    assert {check(published(one), known).system for one in messages} == {_NODE}
    signatures = [text.decode() for one in messages for name, text in one.headers if name == HEADER]
    assert {one.split(":")[1] for one in signatures} == set(known.members[_NODE].keys)


def _holds(town: Town, receipts: list[str]) -> None:
    """Whatever the old keys signed verifies by the registry of now, and all of the keys were used."""
    known, log = town.registry, town.plan.departments[0].access_log
    texts = (log / "checkpoints.jws").read_text().splitlines()
    checkpoints = [one for one in texts if "checkpoint" in signed.unchecked(one)]
    witnessed = [one for one in texts if one not in checkpoints]
    assert all(read_receipt(one, known) for one in receipts)
    assert all(read_checkpoint(one, known) for one in checkpoints)
    assert all(read_countersigned(one, known) for one in witnessed)
    assert _key_ids(receipts) == _key_ids(checkpoints) == set(known.members[_NODE].keys)
    assert _key_ids(witnessed) == set(known.members[_OTHER].keys)
    signed_calls = {key_id for one in (_SYSTEM, GATEWAY) for key_id in known.members[one].keys}
    assert signed_calls <= _messages(log)


def _key_ids(texts: list[str]) -> set[str]:
    return {str(jwt.get_unverified_header(one)["kid"]) for one in texts}


def _messages(folder: Path) -> set[str]:
    """The ids of the keys that signed the calls which were entered."""
    shown = succeeds("log", "show", str(folder), "--count", "1000000")
    entries: list[dict[str, Any]] = [orjson.loads(line) for line in shown.splitlines()]
    return {str(one["message"]).partition(":")[0] for one in entries if one.get("message")}


def _opens_nothing(address: str, old: keys.KeyPair) -> None:
    text = token.make(old, system=_SYSTEM, member=ASKING_MEMBER, now=datetime.now(UTC))
    said = {"Authorization": f"Bearer {text}", "Langqiao-Purpose": "case:1"}
    path = f"{address}/records/{LISTINGS.replace('.', '/')}/query"
    answer = httpx.post(path, headers=said, json=_QUESTION, auth=Signing(old), trust_env=False)
    assert (answer.status_code, answer.json()["reason"]) == (401, "unknown-key")


def _signs_nothing(town: Town, old: Path, folder: Path) -> None:
    """What the authority's first key signs from now on is refused everywhere."""
    document, file = town.plan.trust / "registry.json", folder / "late.jws"
    said = orjson.loads(document.read_bytes())
    said |= {"number": town.registry.number + 1, "issued": datetime.now(UTC).isoformat()}
    document.write_bytes(orjson.dumps(said))
    succeeds("registry", "sign", str(document), "--key", str(old), "--out", str(file))
    ended = run("registry", "publish", str(file), "--gateway", town.plan.departments[0].url)
    assert (ended.exit_code, "retired-key" in ended.stderr) == (1, True)
