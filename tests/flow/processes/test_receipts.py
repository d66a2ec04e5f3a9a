"""Profiles of a demo world name its member registry: who asks by one is given no answer whose receipt is forged."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx
import orjson
import pytest

from schemas.wire import headers as names
from services.cli.world.plan import GATEWAY
from services.cli.world.world import World
from services.client.profile import Profile
from tests.services.cli.tool import run
from tests.serving import serving

_KIND = "credit"
_QUESTION = f"{_KIND}.penalties?select=case_name&limit=2"
#: What whoever stands in between makes of an answer's receipt and body.
Forging = Callable[[str | None, bytes], tuple[str | None, bytes]]


@contextmanager
def _between(url: str, forge: Forging) -> Iterator[str]:
    """Whoever passes calls on to an address, and alters what comes back."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            said = {name: text for name, text in self.headers.items() if name.lower() != "accept-encoding"}
            answer = httpx.post(url + self.path, content=body, headers=said, trust_env=False)
            receipt, content = forge(answer.headers.get(names.RECEIPT), answer.content)
            self.send_response(answer.status_code)
            self.send_header("content-type", answer.headers["content-type"])
            self.send_header("content-length", str(len(content)))
            if receipt is not None:
                self.send_header(names.RECEIPT, receipt)
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *said: object) -> None:
            """Nobody reads it."""

    with serving(ThreadingHTTPServer(("127.0.0.1", 0), Handler)) as address:
        yield address


def _asked(world: World, url: str, node: str, *options: str, name: str = "approvals") -> tuple[int, str]:
    """What the tool says, and its exit code, where a profile of the demo is put to an address."""
    folder = world.plan.profiles
    here = folder / "between.json"
    profile = Profile.load(folder / f"{name}.json")
    replace(profile, gateway=url, node=node).save(here)
    asked = run("ask", "--profile", str(here), "--json", *options, _QUESTION)
    return asked.exit_code, asked.output


@pytest.mark.parametrize("name", ["approvals", "anonymous", _KIND])
def test_what_holds_is_given_by_the_department_and_through_the_gateway(world: World, name: str) -> None:
    one = world.plan.department(_KIND)
    assert Profile.load(world.plan.profiles / f"{name}.json").members() is not None
    code, output = _asked(world, one.url, one.member, name=name)
    assert (code, len(orjson.loads(output))) == (0, 2), output
    code, output = _asked(world, world.plan.gateway_url, GATEWAY, "--envelope", name=name)
    assert (code, len(orjson.loads(output)["data"])) == (0, 2), output


def _of_an_altered_answer(receipt: str | None, content: bytes) -> tuple[str | None, bytes]:
    return receipt, content.replace(b'"case_name"', b'"case_nome"', 1)


def _none(receipt: str | None, content: bytes) -> tuple[str | None, bytes]:
    return None, content


def _by_nobody(receipt: str | None, content: bytes) -> tuple[str | None, bytes]:
    said = (receipt or "").rpartition(".")[0]
    return f"{said}.{'A' * 86}", content


def _left_out_of_the_envelope(receipt: str | None, content: bytes) -> tuple[str | None, bytes]:
    said = orjson.loads(content)
    for source in said["sources"]:
        source["receipts"] = []
    return receipt, orjson.dumps(said)


@pytest.mark.parametrize(
    ("forge", "code"),
    [(_of_an_altered_answer, "other-receipt"), (_none, "no-receipt"), (_by_nobody, "bad-signature")],
)
def test_a_departments_answer_with_a_forged_receipt_is_given_to_nobody(
    world: World, forge: Forging, code: str
) -> None:
    one = world.plan.department(_KIND)
    with _between(one.url, forge) as url:
        exit_code, output = _asked(world, url, one.member)
    assert (exit_code, output.partition(":")[0]) == (1, code)


def test_a_gateways_envelope_without_its_departments_receipts_is_given_to_nobody(world: World) -> None:
    with _between(world.plan.gateway_url, _left_out_of_the_envelope) as url:
        exit_code, output = _asked(world, url, GATEWAY, "--envelope")
    assert (exit_code, output.partition(":")[0]) == (1, "no-receipt")
