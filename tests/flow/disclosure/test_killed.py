"""kill -9 between entry and answer: an entry without an answer may exist, an answer without an entry never."""

import httpx
import orjson
import pytest

from services.cli.world.processes import Child, wait_until
from tests.flow.disclosure.conftest import VEHICLE, Office
from tests.services.engine.log.desk import acts, findings, raw

_ROUNDS = 2


def _every_answer_is_entered(made: Office) -> None:
    hashes = [orjson.loads(line)["hash"] for line in raw(made.log) if line.endswith(b"\n")]
    assert [one.number for one in made.receipts if hashes[one.number - 1] != one.hash] == []
    assert len({one.number for one in made.receipts}) == len(made.receipts)


def test_killed_in_the_middle_of_many_calls_it_has_entered_whatever_it_answered(made: Office) -> None:
    for number in range(1, _ROUNDS + 1):
        with made.running() as service:
            wait_until(made.ready, service, 30)
            most = len(made.receipts) + 40

            def enough(most: int = most, service: Child = service) -> None:
                if len(made.receipts) >= most:
                    service.kill()

            made.ask_until_it_ends(enough)
        _every_answer_is_entered(made)
        assert len(made.receipts) >= 40 * number
    with made.running() as service:
        wait_until(made.ready, service, 30)
    assert findings(made.log) == []


def test_killed_between_entry_and_answer_there_is_an_entry_and_no_answer(made: Office) -> None:
    with made.running(3) as service:
        wait_until(made.ready, service, 30)
        with httpx.Client(base_url=f"http://127.0.0.1:{made.port}", trust_env=False) as http:
            assert [http.get(VEHICLE).status_code for _ in range(2)] == [200, 200]
            with pytest.raises(httpx.TransportError):
                http.get(VEHICLE)
    assert acts(made.log) == ["began", "read", "read", "read"]
    assert findings(made.log) == []
