"""Join keys of personal items pass the gateway sealed: it sees none that its caller neither wrote nor was shown, the
answers are what they would be in clear, also while one key follows another, and who lacks a key is named."""

import asyncio
import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from gateway.app import create_app as create_gateway
from schemas.trust.link_keys import LinkKey, LinkKeys, ends_of, new_link_key, read_link_keys, write_link_keys
from schemas.wire import headers as names
from services.engine.node import Node
from tests.flow.federation import county
from tests.flow.federation.county import DATASETS, PLACES
from tests.flow.federation.records import Contents, Record
from tests.flow.federation.running import County, gateway_settings, running
from tests.link_keys import keys_file
from tests.services.cli.tool import run
from tests.waiting import until

_VISITOR, _PERSON = "permit_office.visits.visitor_no", "roll_office.persons.person_no"
_ENDS = ends_of(_VISITOR, _PERSON)
_OFFICE = "330200.permit_office"
_ROLLS = tuple(one.member for one in county.places_of("roll_office"))
_SEALED = re.compile(rb'"([0-9a-f]{8})\.[A-Za-z0-9_-]{22,}"')
_NUMBERS = (7305118842, 7305118843, 7305118844)
#: Questions that join visits and persons both ways, at any depth, and from either side.
_QUESTIONS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("permit_office.visits", {"select": "visit_no,visitor(name)", "order": "visit_no"}),
    ("roll_office.persons", {"select": "name,visits(visit_no)", "order": "name", "visits.order": "visit_no"}),
    ("permit_office.permits", {"select": "permit_no,visits(visitor!inner(name,visits(visit_no)))"}),
    ("permit_office.visits", {"select": "visit_no,visitor!inner(name)", "visitor.name": "eq.name 1"}),
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("sealed")


@pytest.fixture(scope="module")
def asked(runner: asyncio.Runner, folder: Path) -> Iterator[County]:
    """A county of its own, whose keys this module changes, with visits and those who made them."""
    made = running(folder)
    opened = runner.run(made.__aenter__())
    runner.run(opened.load(_contents()))
    yield opened
    runner.run(made.__aexit__(None, None, None))


def _contents() -> Contents:
    persons = [{"person_no": number, "name": f"name {at}"} for at, number in enumerate(_NUMBERS)]
    visits = [
        {"visit_no": at, "permit_no": "P1", "visitor_no": number}
        for at, number in enumerate((*_NUMBERS, _NUMBERS[0], None))
    ]
    rows: dict[str, list[dict[str, Any]]] = {
        "roll_office.persons": persons,
        "permit_office.visits": visits,
        "permit_office.permits": [{"firm_code": "91A", "permit_no": "P1"}],
    }
    return {dataset: [_record(dataset, row) for row in rows.get(dataset, [])] for dataset in DATASETS}


def _record(dataset: str, values: dict[str, Any]) -> Record:
    one = DATASETS[dataset]
    whole = {item: values.get(item) for item in one.items}
    return Record(whole, {item: one.items[item].codec.encode(value) for item, value in whole.items()})


async def _answers(client: httpx.AsyncClient) -> list[Any]:
    """What comes of all questions."""
    found = []
    for dataset, body in _QUESTIONS:
        answer = await client.post(f"/records/{dataset.replace('.', '/')}/query", json=body)
        assert answer.status_code == 200, answer.text
        found.append(answer.json())
    return found


async def _in_clear(asked: County, folder: Path) -> list[Any]:
    """The same by a gateway over the same departments that has no keys sealed."""
    urls = tuple(one.url for one in PLACES)
    said = gateway_settings(folder, asked.trusted, nodes=urls, seal_keys=False)
    gateway = create_gateway(said, nodes=asked.nodes)
    transport = httpx.ASGITransport(app=gateway)
    async with (
        gateway.router.lifespan_context(gateway),
        httpx.AsyncClient(
            transport=transport,
            base_url="http://gateway",
            headers=asked.client.headers,
            auth=asked.client.auth,
        ) as client,
    ):
        return await _answers(client)


def _passed(asked: County) -> bytes:
    """All that went between gateway and departments, in both directions, since this was asked last."""
    said = b"\n".join([*(one.body for one in asked.nodes.calls), *asked.nodes.answers])
    asked.nodes.calls.clear()
    asked.nodes.answers.clear()
    return said


def test_the_gateway_sees_no_key_that_its_caller_neither_wrote_nor_was_shown(
    runner: asyncio.Runner, asked: County, folder: Path
) -> None:
    _passed(asked)
    sealed = runner.run(_answers(asked.client))
    passed = _passed(asked)
    assert all(sealed)
    assert not [number for number in _NUMBERS if str(number).encode() in passed]
    assert _SEALED.search(passed)
    assert sealed == runner.run(_in_clear(asked, folder))
    in_clear = _passed(asked)
    assert all(str(number).encode() in in_clear for number in _NUMBERS), "they can be found where they are"


def test_the_same_key_is_another_text_in_another_question(runner: asyncio.Runner, asked: County) -> None:
    texts = []
    for _ in range(2):
        runner.run(_answers(asked.client))
        texts.append(set(re.findall(rb'"[0-9a-f]{8}\.[A-Za-z0-9_-]{22,}"', _passed(asked))))
    assert texts[0]
    assert texts[0].isdisjoint(texts[1])


def test_what_the_caller_wrote_and_is_shown_stays_as_it_is(runner: asyncio.Runner, asked: County) -> None:
    body = {"by": "person_no", "keys": [_NUMBERS[0]], "select": "person_no,visits(visit_no,visitor_no)"}
    answer = runner.run(asked.client.post("/records/roll_office/persons/lookup", json=body))
    line = answer.text.splitlines()[0]
    assert line.count(str(_NUMBERS[0])) == 4


@contextmanager
def _keys(folder: Path, **held: LinkKeys) -> Iterator[None]:
    """Departments hold these keys, until the block ends."""
    files = {keys_file(folder, member): keys for member, keys in held.items()}
    before = {path: path.read_bytes() for path in files}
    try:
        for path, keys in files.items():
            _replace(path, write_link_keys(keys))
        yield
    finally:
        for path, content in before.items():
            _replace(path, content)


def _replace(path: Path, content: bytes) -> None:
    """As a tool does, so that a reader sees another file."""
    beside = path.with_suffix(".new")
    beside.write_bytes(content)
    beside.replace(path)


def _held(folder: Path) -> LinkKey:
    (key,) = read_link_keys(keys_file(folder, _OFFICE).read_bytes()).of[_ENDS]
    return key


@pytest.mark.parametrize("early", [(_OFFICE,), _ROLLS, _ROLLS[:1], (_OFFICE, *_ROLLS)])
def test_whoever_seals_by_the_new_key_first_the_answers_are_the_same(
    early: tuple[str, ...], runner: asyncio.Runner, asked: County, folder: Path
) -> None:
    expected = runner.run(_answers(asked.client))
    now, old = datetime.now(UTC), _held(folder)
    new = new_link_key(now - timedelta(minutes=1))
    later = LinkKey(new.secret, now + timedelta(minutes=1))
    held = {one: LinkKeys({_ENDS: (old, new if one in early else later)}) for one in (_OFFICE, *_ROLLS)}
    with _keys(folder, **held):
        _passed(asked)
        assert runner.run(_answers(asked.client)) == expected
        by = set(_SEALED.findall(_passed(asked)))
    expected_ids = {new.key_id.encode()} | ({old.key_id.encode()} if len(early) < len(held) else set())
    assert by == expected_ids


def test_a_department_without_the_key_is_missed_and_says_which(
    runner: asyncio.Runner, asked: County, folder: Path
) -> None:
    node = asked.nodes.apps[f"http://{_ROLLS[0]}"].plane.node  # type: ignore[attr-defined]
    assert isinstance(node, Node)
    dataset, body = _QUESTIONS[0]
    said = {"accept": names.ANSWER}
    with _keys(folder, **dict.fromkeys(_ROLLS, LinkKeys())):
        path = f"/records/{dataset.replace('.', '/')}/query"
        answer = runner.run(asked.client.post(path, json=body, headers=said)).json()
        assert [one["visit_no"] for one in answer["data"]] == [0, 1, 2, 3, 4]
        assert not answer["complete"]
        states = {(one["dataset"], one["state"], one.get("code")) for one in answer["sources"]}
        assert states == {
            ("permit_office.visits", "found", None),
            ("roll_office.persons", "stale", "link-key-missing"),
        }
        assert runner.run(asked.client.post("/records/roll_office/persons/query", json={})).status_code == 200
        runner.run(node.health.check_all())
        health = node.health.document()
        assert health["ready"]
        assert any(_VISITOR in one and _PERSON in one for one in health["reasons"])
    runner.run(node.health.check_all())
    assert node.health.document()["reasons"] == []
    assert all(runner.run(_answers(asked.client)))


def test_a_key_is_rotated_under_load_and_no_call_fails(
    runner: asyncio.Runner, asked: County, folder: Path
) -> None:
    files = [keys_file(folder, member) for member in (_OFFICE, *_ROLLS)]
    old = _held(folder)
    runner.run(_rotated(asked, files))
    (new,) = (one.key_id for one in read_link_keys(files[0].read_bytes()).held(_ENDS, datetime.now(UTC)))
    assert set(_SEALED.findall(_passed(asked))) == {old.key_id.encode(), new.encode()}
    runner.run(_answers(asked.client))
    assert set(_SEALED.findall(_passed(asked))) == {new.encode()}


async def _rotated(asked: County, files: list[Path]) -> None:
    """One command in the midst of calls, until the key before has ended; each call is answered, and as ever."""
    expected = await _answers(asked.client)
    _passed(asked)
    enough = asyncio.Event()

    async def ask_on() -> None:
        while not enough.is_set():
            assert await _answers(asked.client) == expected

    async with asyncio.TaskGroup() as group:
        for _ in range(2):
            group.create_task(ask_on())
        into = [word for path in files for word in ("--into", str(path))]
        ended = await asyncio.to_thread(
            run, "keys", "link", _VISITOR, _PERSON, *into, "--lead", "1", "--overlap", "0.0003"
        )
        assert ended.exit_code == 0, ended.output
        await until(lambda: len(_now_held(files[0])) == 1, what="the key before has ended")
        enough.set()


def _now_held(path: Path) -> tuple[LinkKey, ...]:
    return read_link_keys(path.read_bytes()).held(_ENDS, datetime.now(UTC))
