"""`langqiao ask` and `explain`: how a question is sent, and how answers, refusals and silence are told."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from services.cli.ask import split
from services.cli.world.processes import free_ports
from tests.services.cli.tool import run
from tests.serving import serving


@dataclass
class Door:
    """Something that answers every question with one answer, and keeps what it was asked."""

    url: str = ""
    status: int = 200
    media_type: str = "application/json"
    body: bytes = b"[]"
    asked: list[tuple[str, dict[str, str], Any]] = field(default_factory=list)


@pytest.fixture
def door() -> Iterator[Door]:
    spoken = Door()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            headers = {name.lower(): value for name, value in self.headers.items()}
            spoken.asked.append((self.path, headers, json.loads(body)))
            self.send_response(spoken.status)
            self.send_header("Content-Type", spoken.media_type)
            self.send_header("Content-Range", "0-0/7")
            self.end_headers()
            self.wfile.write(spoken.body)

        def log_message(self, *args: object) -> None:
            """Keep the test's output clean."""

    with serving(ThreadingHTTPServer(("127.0.0.1", 0), Handler)) as spoken.url:
        yield spoken


def _profile(folder: Path, url: str) -> str:
    path = folder / "anonymous.json"
    path.write_text(json.dumps({"gateway": url}))
    return str(path)


@pytest.mark.parametrize(
    ("text", "dataset", "parameters"),
    [
        ("taxation.arrears", "taxation.arrears", {}),
        ("taxation/arrears?limit=3", "taxation.arrears", {"limit": "3"}),
        ("/records/taxation/arrears?select=a,b(c)", "taxation.arrears", {"select": "a,b(c)"}),
        ("x.y?a=gt.1&a=lt.9", "x.y", {"a": ["gt.1", "lt.9"]}),
        ("x.y?name=eq.%E5%AE%81&b=is.null", "x.y", {"name": "eq.宁", "b": "is.null"}),
    ],
)
def test_a_question_is_written_as_in_a_url(text: str, dataset: str, parameters: dict[str, object]) -> None:
    assert split(text) == (dataset, parameters)


def test_a_case_goes_with_its_question_as_it_was_signed(door: Door, tmp_path: Path) -> None:
    (tmp_path / "case.jws").write_text("a.b.c\n")
    of_a_case = ("--case", str(tmp_path / "case.jws"), "--profile", _profile(tmp_path, door.url))
    assert run("ask", "credit.penalties?limit=1", *of_a_case).exit_code == 0
    assert door.asked[0][1]["langqiao-case"] == "a.b.c"


def test_rows_are_shown_as_a_table_and_the_range_below(door: Door, tmp_path: Path) -> None:
    door.body = '[{"name": "海曙[1]号", "licences": [{"no": 1}], "closed": null}]'.encode()
    ended = run(
        "ask", "market_regulation.enterprises?limit=1", "--count", "--profile", _profile(tmp_path, door.url)
    )
    assert ended.exit_code == 0
    assert all(text in ended.stdout for text in ("海曙[1]号", '[{"no":1}]', "null", "range 0-0/7"))
    path, headers, body = door.asked[0]
    assert (path, body) == ("/records/market_regulation/enterprises/query", {"limit": "1"})
    assert headers["prefer"] == "count=exact"


def test_json_is_shown_as_json(door: Door, tmp_path: Path) -> None:
    door.body = b'[{"balance": "1200.10"}]'
    ended = run("ask", "taxation.arrears", "--json", "--profile", _profile(tmp_path, door.url))
    assert json.loads(ended.stdout) == [{"balance": "1200.10"}]


@pytest.mark.parametrize(
    ("option", "header", "value"),
    [
        ("--envelope", "accept", "application/vnd.langqiao.answer+json"),
        ("--partial", "prefer", "partial=allow"),
        ("--contract-version=2", "contract-version", "2"),
    ],
)
def test_options_become_headers(option: str, header: str, value: str, door: Door, tmp_path: Path) -> None:
    run("ask", "taxation.arrears", option, "--profile", _profile(tmp_path, door.url))
    assert door.asked[0][1][header] == value


@pytest.mark.parametrize("command", ["ask", "explain"])
def test_a_refusal_is_told_with_code_place_and_remedy(command: str, door: Door, tmp_path: Path) -> None:
    door.status, door.media_type = 400, "application/problem+json"
    problem = {
        "code": "unknown-item",
        "detail": "no item nam",
        "nearest": "name",
        "position": 7,
        "hint": "Use name.",
    }
    door.body = json.dumps(problem).encode()
    ended = run(command, "x.y?select=nam", "--profile", _profile(tmp_path, door.url))
    assert ended.exit_code == 1
    assert ended.stdout == ""
    assert ended.stderr.splitlines() == [
        "400 unknown-item: no item nam",
        "  position: 7",
        "  nearest: name",
        "  Use name.",
    ]


def test_something_else_at_the_address_is_no_bridge(door: Door, tmp_path: Path) -> None:
    door.body = b"<html>"
    ended = run("ask", "x.y", "--profile", _profile(tmp_path, door.url))
    assert ended.exit_code == 1
    assert "no bridge" in ended.stderr


@pytest.mark.parametrize("command", ["ask", "explain", "tail"])
def test_nobody_at_the_address_is_told_with_the_address(command: str, tmp_path: Path) -> None:
    url = f"http://127.0.0.1:{free_ports(1)[0]}"
    ended = run(command, "x.y", "--profile", _profile(tmp_path, url))
    assert ended.exit_code == 3
    assert ended.stderr == f"Nobody answers at {url} (ConnectError).\n"


def test_a_plan_is_shown_in_numbered_steps(door: Door, tmp_path: Path) -> None:
    door.body = b'{"strategy": "root first", "steps": [{"text": "ask a"}, {"text": "join b"}]}'
    ended = run("explain", "x.y", "--profile", _profile(tmp_path, door.url))
    assert ended.stdout.splitlines() == ["plan: root first", "  1. ask a", "  2. join b"]
