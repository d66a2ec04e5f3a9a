"""A caller who knows the registry looks at receipts as answers come: a department's whole, and what a gateway hands on
as far as can be seen."""

from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import orjson
import pytest

from schemas.trust import registry, signed
from schemas.trust.receipts import Receipt, read_receipt, signer_of
from schemas.trust.registry import Registry
from schemas.wire import headers as names
from services.client.receipts import Arrivals, Asked, BadReceipt
from tests.flow.evidence.conftest import Door
from tests.services.engine.api import office
from tests.services.engine.api.conftest import ASKER, GATEWAY, OTHER_NODE, Trust, client_of

_QUERY = f"/records/{office.KIND}/vehicles/query"
_QUESTION = {"select": "plate,colour", "order": "plate", "limit": 3}
_ENVELOPE = {"Accept": names.ANSWER}
_NODE = f"{office.OWNER}/node"


@dataclass(frozen=True)
class Scene:
    """An answer as it came, and whom it was asked of; a test makes another one of it."""

    answer: httpx.Response
    asked: Asked
    arrivals: Arrivals
    trust: Trust

    def look(self) -> None:
        self.arrivals.look(self.answer, self.asked)

    def answered(self, content: bytes | None = None, **headers: str | None) -> "Scene":
        """With another body, or other headers; None: without."""
        said = dict(self.answer.headers) | {name.replace("_", "-"): one for name, one in headers.items()}
        body = self.answer.content if content is None else content
        said.pop("content-length", None)
        left = {name: one for name, one in said.items() if one is not None}
        return replace(
            self, answer=httpx.Response(200, headers=left, content=body, request=self.answer.request)
        )

    def entered(self, **changed: Any) -> "Scene":
        """With a receipt that says something else, well signed by the node's own key."""
        receipt = read_receipt(self.answer.headers[names.RECEIPT], self.asked.registry)
        return self.receipted(replace(receipt, **changed), _NODE)

    def receipted(self, receipt: Receipt, by: str) -> "Scene":
        return self.answered(langqiao_receipt=signer_of(self.trust.systems[by]).sign(receipt))

    def listed(self, change: Callable[[Registry], Registry]) -> "Scene":
        """By another registry."""
        return replace(self, asked=replace(self.asked, registry=change(self.asked.registry)))

    def later(self, after: timedelta) -> "Scene":
        """Asked that much later."""
        since, until = self.asked.since + after, self.asked.until + after
        return replace(self, asked=replace(self.asked, since=since, until=until))


@pytest.fixture
def known(trust: Trust) -> Registry:
    trusted = {trust.authority.key_id: trust.authority.public_hex}
    return registry.from_document(signed.read((trust.folder / "registry.jws").read_text(), trusted))


@pytest.fixture
async def department(door: Door, trust: Trust) -> AsyncIterator[httpx.AsyncClient]:
    """The same window, which asks the department itself."""
    [app] = door.nodes.apps.values()
    async with client_of(app, trust.headers(ASKER), trust) as client:
        yield client


async def _scene(
    client: httpx.AsyncClient, node: str, known: Registry, trust: Trust, **headers: str
) -> Scene:
    since = datetime.now(UTC)
    answer = await client.post(_QUERY, json=_QUESTION, headers=headers)
    assert answer.status_code == 200, answer.text
    return Scene(answer, Asked(node, known, since, datetime.now(UTC)), Arrivals(ASKER), trust)


@pytest.fixture
async def scene(department: httpx.AsyncClient, known: Registry, trust: Trust) -> Scene:
    return await _scene(department, office.OWNER, known, trust)


@pytest.fixture
async def envelope(door: Door, known: Registry, trust: Trust) -> Scene:
    return await _scene(door.member, GATEWAY, known, trust, **_ENVELOPE)


async def test_what_a_department_answered_holds_and_so_does_what_it_answers_next(
    scene: Scene, department: httpx.AsyncClient
) -> None:
    scene.look()
    again = await _scene(department, office.OWNER, scene.asked.registry, scene.trust)
    replace(again, arrivals=scene.arrivals).look()


async def test_what_tells_of_no_record_needs_no_receipt(scene: Scene, department: httpx.AsyncClient) -> None:
    replace(scene, answer=await department.get("/catalogue")).look()


def _refused(scene: Scene) -> tuple[str, str]:
    """Who is to answer for it, and the code."""
    with pytest.raises(BadReceipt) as refused:
        replace(scene, arrivals=Arrivals(scene.arrivals.member)).look()
    assert "plate" not in str(refused.value)
    return refused.value.node, refused.value.code


def _unlisted(known: Registry) -> Registry:
    members = {name: one for name, one in known.members.items() if name != _NODE}
    return replace(known, members=members)


def _ended(known: Registry) -> Registry:
    """The node's key has ended since, whatever a receipt says of its own time."""
    key_id, (member, public) = next(one for one in known.keys.items() if one[1][0].system == _NODE)
    until = datetime.now(UTC) + timedelta(seconds=30)
    return replace(known, keys={**known.keys, key_id: (replace(member, until={key_id: until}), public)})


def _of_a_neighbour(scene: Scene) -> Scene:
    """A node that signs for another one, in its own name."""
    receipt = read_receipt(scene.answer.headers[names.RECEIPT], scene.asked.registry)
    return scene.receipted(replace(receipt, node=OTHER_NODE), f"{OTHER_NODE}/node")


def _altered_signature(scene: Scene) -> Scene:
    head, said, signature = scene.answer.headers[names.RECEIPT].split(".")
    other = signature[:-10] + ("A" if signature[-10] != "A" else "B") + signature[-9:]
    return scene.answered(langqiao_receipt=f"{head}.{said}.{other}")


def _of_another_question(scene: Scene) -> Scene:
    request = scene.answer.request
    other = httpx.Request("POST", request.url, content=orjson.dumps(_QUESTION | {"limit": 2}))
    return replace(
        scene,
        answer=httpx.Response(200, headers=scene.answer.headers, content=scene.answer.content, request=other),
    )


_WRONG: Mapping[str, tuple[Callable[[Scene], Scene], str]] = {
    "no receipt": (lambda one: one.answered(langqiao_receipt=None), "no-receipt"),
    "what is no receipt": (lambda one: one.answered(langqiao_receipt="a.b.c"), "malformed"),
    "a signature that was altered": (_altered_signature, "bad-signature"),
    "a neighbour's receipt": (_of_a_neighbour, "unknown-key"),
    "a node that is listed no more": (lambda one: one.listed(_unlisted), "unknown-node"),
    "a key that has ended meanwhile": (
        lambda one: replace(
            one.listed(_ended),
            asked=replace(one.listed(_ended).asked, until=datetime.now(UTC) + timedelta(minutes=1)),
        ),
        "unknown-key",
    ),
    "an answer that was altered": (lambda one: one.answered(one.answer.content + b" "), "other-receipt"),
    "another question": (_of_another_question, "other-receipt"),
    "an entry about another member": (lambda one: one.entered(member=OTHER_NODE), "other-receipt"),
    "an entry about nobody": (lambda one: one.entered(member=None), "other-receipt"),
    "an entry about who acts for another": (lambda one: one.entered(on_behalf=OTHER_NODE), "other-receipt"),
    "a salt that is none": (lambda one: one.entered(salt="x"), "other-receipt"),
    "an answer of before": (lambda one: one.later(timedelta(minutes=5)), "other-receipt"),
    "an answer of a time to come": (lambda one: one.later(-timedelta(minutes=5)), "other-receipt"),
}


async def test_what_is_not_entered_as_it_must_be_is_refused(scene: Scene) -> None:
    found = {what: _refused(change(scene)) for what, (change, _) in _WRONG.items()}
    assert found == {what: (office.OWNER, code) for what, (_, code) in _WRONG.items()}


async def test_the_same_entry_is_taken_for_one_answer_alone(scene: Scene) -> None:
    scene.look()
    with pytest.raises(BadReceipt, match="repeated-receipt"):
        scene.look()


async def test_through_a_gateway_the_departments_own_receipts_are_looked_at(
    envelope: Scene, door: Door
) -> None:
    envelope.look()
    again = await _scene(door.member, GATEWAY, envelope.asked.registry, envelope.trust, **_ENVELOPE)
    replace(again, arrivals=envelope.arrivals).look()
    with pytest.raises(BadReceipt, match="repeated-receipt"):
        envelope.look()


async def test_a_gateway_above_another_and_the_plain_form_hand_on_none_to_look_at(
    door: Door, known: Registry, trust: Trust
) -> None:
    for client, headers in ((door.above, _ENVELOPE), (door.member, {})):
        (await _scene(client, GATEWAY, known, trust, **headers)).look()


def _said(scene: Scene, **changed: Any) -> Scene:
    """The envelope with some of its members said otherwise."""
    return scene.answered(orjson.dumps(orjson.loads(scene.answer.content) | changed))


def _told(scene: Scene, **changed: Any) -> Scene:
    """The envelope with its one source said otherwise."""
    [source] = orjson.loads(scene.answer.content)["sources"]
    return _said(scene, sources=[source | changed])


def _plain(scene: Scene) -> Scene:
    """The array that whoever asks for none is given."""
    rows = orjson.dumps(orjson.loads(scene.answer.content)["data"])
    return scene.answered(rows, content_type=names.JSON)


def _receipts(scene: Scene) -> list[str]:
    found: list[str] = orjson.loads(scene.answer.content)["sources"][0]["receipts"]
    return found


_HANDED_ON: Mapping[str, tuple[Callable[[Scene], Scene], tuple[str, str]]] = {
    "no receipts": (lambda one: _told(one, receipts=None), (office.OWNER, "no-receipt")),
    "fewer than calls": (lambda one: _told(one, calls=2), (office.OWNER, "no-receipt")),
    "one receipt twice": (
        lambda one: _told(one, calls=2, receipts=2 * _receipts(one)),
        (office.OWNER, "repeated-receipt"),
    ),
    "another department's": (lambda one: _told(one, node=OTHER_NODE), (OTHER_NODE, "unknown-key")),
    "those of nobody who is listed": (lambda one: _told(one, node="330203.x"), ("330203.x", "unknown-node")),
    "those of another caller": (
        lambda one: replace(one, arrivals=Arrivals(OTHER_NODE)),
        (office.OWNER, "other-receipt"),
    ),
    "none for rows of no call": (
        lambda one: _told(one, calls=0, receipts=None),
        (office.OWNER, "no-receipt"),
    ),
    "none for rows of before it was missing": (
        lambda one: _told(one, state="slow", receipts=None),
        (office.OWNER, "no-receipt"),
    ),
    "rows of no source": (lambda one: _said(one, sources=[]), (GATEWAY, "no-receipt")),
    "more rows than sources gave": (
        lambda one: _told(one, calls=0, rows=0, receipts=None),
        (GATEWAY, "no-receipt"),
    ),
    "rows of an embed alone": (lambda one: _told(one, path="owner"), (GATEWAY, "no-receipt")),
    "the same in the plain form": (
        lambda one: one.answered(content_type=names.JSON),
        (GATEWAY, "no-receipt"),
    ),
    "the rows in the plain form": (_plain, (GATEWAY, "no-receipt")),
    "data that are none": (lambda one: _said(one, data=None), (GATEWAY, "malformed")),
    "sources that are none": (lambda one: one.answered(b'{"sources": [{}]}'), (GATEWAY, "malformed")),
    "no sources": (lambda one: one.answered(b"[]"), (GATEWAY, "malformed")),
}


async def test_an_envelope_that_hands_on_other_receipts_is_refused(envelope: Scene) -> None:
    found = {what: _refused(change(envelope)) for what, (change, _) in _HANDED_ON.items()}
    assert found == {what: said for what, (_, said) in _HANDED_ON.items()}


async def test_a_source_that_is_missing_owes_none_for_what_it_did_not_give(envelope: Scene) -> None:
    _told(_said(envelope, data=[]), state="slow", rows=0, receipts=None).look()


async def test_what_shows_no_rows_needs_no_source(envelope: Scene) -> None:
    _said(envelope, data=[], sources=[]).look()
    nothing = httpx.Request("HEAD", envelope.answer.request.url, headers=_ENVELOPE)
    replace(
        envelope, answer=httpx.Response(200, headers={"content-type": names.ANSWER}, request=nothing)
    ).look()


@pytest.mark.parametrize("accept", [f"{names.JSON}, {names.ANSWER};q=0.5", "*/*", "text/html"])
async def test_the_plain_form_is_taken_where_no_envelope_was_asked_for(envelope: Scene, accept: str) -> None:
    asked = httpx.Request("POST", envelope.answer.request.url, headers={"Accept": accept}, content=b"{}")
    plain = httpx.Response(200, headers={"content-type": names.JSON}, content=b"[{}]", request=asked)
    replace(envelope, answer=plain).look()
