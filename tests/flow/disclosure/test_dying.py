"""kill -9 at every moment of an answer: what was not entered did not leave, and what is entered may have."""

from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import orjson
import pytest

from services.cli.world.forking import start_forked
from services.cli.world.processes import Child, stop_all, wait_until
from tests.flow.disclosure import dying_process
from tests.flow.disclosure.conftest import VEHICLE, Office
from tests.services.engine.api import office
from tests.services.engine.log.desk import acts, findings

#: Keys of a lookup: three chunks.
_KEYS = [f"A{number:02d}" for number in range(500)]
_CHUNK = 200


@contextmanager
def _dying(made: Office, moment: str, number: int) -> Iterator[Child]:
    arguments = (made.folder, made.port, moment, number)
    child = start_forked("office", dying_process.run, arguments, made.folder, {})
    try:
        wait_until(made.ready, child, 30)
        yield child
    finally:
        stop_all([child])


def _client(made: Office) -> httpx.Client:
    return httpx.Client(base_url=f"http://127.0.0.1:{made.port}", trust_env=False)


def _look_up(http: httpx.Client, lines: list[str]) -> None:
    """Every line as it comes."""
    asked = {"by": "plate", "keys": _KEYS, "select": "plate"}
    with http.stream("POST", f"/records/{office.KIND}/vehicles/lookup", json=asked) as answer:
        for line in answer.iter_lines():
            lines.append(line)


def test_killed_while_its_entry_is_half_written_an_answer_does_not_leave(made: Office) -> None:
    with _dying(made, "half-entry", 2), _client(made) as http:
        assert http.get(VEHICLE).status_code == 200
        with pytest.raises(httpx.TransportError):
            http.get(VEHICLE)
    with made.running() as service:
        wait_until(made.ready, service, 30)
        with _client(made) as http:
            assert http.get(VEHICLE).status_code == 200
    assert acts(made.log) == ["began", "read", "recovered", "read"]
    assert findings(made.log) == []


def test_killed_between_a_chunks_entry_and_the_chunk_no_chunk_left_without_its_entry(made: Office) -> None:
    lines: list[str] = []
    with (
        _dying(made, "after-chunk", 2),
        _client(made) as http,
        pytest.raises(httpx.TransportError),
    ):
        _look_up(http, lines)
    assert acts(made.log) == ["began", "lookup", "lookup"]
    assert len(lines) <= _CHUNK, "the second chunk was entered, and did not leave"
    assert "end" not in [next(iter(orjson.loads(line))) for line in lines], (
        "nobody takes it for a whole answer"
    )
    assert findings(made.log) == []
