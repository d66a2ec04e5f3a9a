"""The member registry among real processes: published, it is in force at every node within five seconds, by the gateway
and by the topic; and the authority's key is handed over while calls go on."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest

from schemas.trust import signed
from services.cli.world.plan import ASKING_MEMBER
from services.cli.world.world import World
from services.client.profile import Profile
from tests.messages import signing
from tests.services.cli.tool import run
from tests.waiting import until_sync

#: The promise, in seconds.
_PROMISED = 5.0
_ASKED = "/records/credit/penalties?select=kind&limit=1"


class Office:
    """The authority's desk: the registry's JSON, its keys, and what it publishes."""

    def __init__(self, world: World, folder: Path, http: httpx.Client) -> None:
        self.world, self.http = world, http
        self.key = world.plan.authority_key
        self.document, self.file = folder / "registry.json", folder / "registry.jws"
        self.content: dict[str, Any] = signed.unchecked(world.plan.registry.read_text())
        # What was published last, /health tells up to a second later.
        self.content["number"] = max(self.content["number"], *self._numbers())

    def sign(self, **changed: Any) -> None:
        """The next number, with some members changed."""
        issued = datetime.now(UTC).isoformat()
        self.content = self.content | changed | {"number": self.content["number"] + 1, "issued": issued}
        self._write()
        self._tool("sign", str(self.document), "--key", str(self.key), "--out", str(self.file))

    def hand_over(self, folder: Path) -> None:
        self._write()
        run("keys", "new", "--out", str(folder), "--name", "next")
        following = folder / "next.key.pem"
        told = ("--key", str(self.key), "--next", str(following), "--out", str(self.file))
        self._tool("rotate", str(self.document), *told)
        self.content, self.key = orjson.loads(self.document.read_bytes()), following

    def publish(self, *further: str) -> None:
        self._tool("publish", str(self.file), *further, environment=self.world.operator_environment())
        # As whoever confirms it reads it.
        self.world.plan.registry.write_text(self.file.read_text())

    def by_gateway(self) -> None:
        self.publish("--gateway", self.world.plan.gateway_url)

    def is_everywhere(self) -> bool:
        return self._numbers() == {self.content["number"]}

    def checks(self) -> list[dict[str, Any]]:
        """What each node's /health says of its registry."""
        urls = [f"{one.url}/health" for one in self.world.plan.departments]
        return [self.http.get(url).json()["checks"]["registry"] for url in urls]

    def _numbers(self) -> set[int]:
        return {one["number"] for one in self.checks()}

    def _write(self) -> None:
        self.document.write_bytes(orjson.dumps(self.content))

    @staticmethod
    def _tool(*arguments: str, environment: dict[str, str] | None = None) -> None:
        ended = run("registry", *arguments, environment={**(environment or {})})
        assert ended.exit_code == 0, ended.output


@pytest.fixture
def office(world: World, tmp_path: Path) -> Iterator[Office]:
    with httpx.Client(trust_env=False) as http:
        yield Office(world, tmp_path, http)


@pytest.fixture
def member(world: World) -> Iterator[httpx.Client]:
    """The approval service, which asks the gateway."""
    profile = Profile.load(world.plan.profiles / "approvals.json")
    with httpx.Client(
        base_url=world.plan.gateway_url, headers=profile.headers(), auth=signing(profile), trust_env=False
    ) as client:
        yield client


@pytest.mark.parametrize("way", ["gateway", "topic"])
def test_a_registry_that_is_published_is_in_force_at_every_node_within_five_seconds(
    office: Office, world: World, way: str
) -> None:
    office.sign()
    office.publish(*(("--gateway", world.plan.gateway_url) if way == "gateway" else ("--topic",)))
    until_sync(office.is_everywhere, timeout=_PROMISED, what="every node has it")


def test_a_member_that_is_taken_out_is_refused_and_let_in_again(office: Office, member: httpx.Client) -> None:
    assert member.get(_ASKED).status_code == 200
    everybody = office.content["members"]
    office.sign(members=[one for one in everybody if one["id"] != ASKING_MEMBER])
    office.by_gateway()
    until_sync(lambda: member.get(_ASKED).status_code != 200, timeout=_PROMISED, what="it is shut out")
    assert member.get(_ASKED).json()["reason"] == "unknown-key"
    office.sign(members=everybody)
    office.by_gateway()
    until_sync(lambda: member.get(_ASKED).status_code == 200, timeout=_PROMISED, what="it is let in")


def test_the_registrar_confirms_what_is_in_force_at_every_node(office: Office, world: World) -> None:
    def confirmed() -> bool:
        return all(one["ok"] and one["word_age_seconds"] < 120 for one in office.checks())

    until_sync(confirmed, what="each node heard it")
    assert world.alive("registrar")


def test_the_authoritys_key_is_handed_over_while_no_call_fails(
    office: Office, member: httpx.Client, tmp_path: Path
) -> None:
    def everywhere() -> bool:
        assert member.get(_ASKED).status_code == 200
        return office.is_everywhere()

    office.hand_over(tmp_path)
    office.by_gateway()
    until_sync(everywhere, timeout=_PROMISED, what="the registry that hands over is in force")
    office.sign()
    office.by_gateway()
    until_sync(everywhere, timeout=_PROMISED, what="what the next key signed is in force")
