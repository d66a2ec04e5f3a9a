"""A message is acted on once by a department, also when its service is killed and started again in between."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import httpx
import pytest

from schemas.trust.message import Message, sign
from schemas.wire import headers as names
from services.cli.world.processes import wait_until
from tests.flow.disclosure.conftest import Office
from tests.services.engine.api import office
from tests.services.engine.api.conftest import ASKER
from tests.services.engine.log.desk import acts

_PATH = f"/records/{office.KIND}/vehicles/query"
_BODY = b'{"select": "plate", "limit": 1}'


def _message(made: Office) -> dict[str, str]:
    """The headers of a call that its sender signs once."""
    said = {name.lower(): value for name, value in made.trust.headers(ASKER).items()}
    said |= {names.NODE: office.OWNER}
    message = Message("POST", _PATH, "", said, _BODY)
    key = made.trust.systems[f"{ASKER}/window"]
    return {**said, **sign(message, key, datetime.now(UTC)), "content-type": names.JSON}


def _send(made: Office, message: dict[str, str]) -> tuple[int, str]:
    url = f"http://127.0.0.1:{made.port}{_PATH}"
    answer = httpx.post(url, headers=message, content=_BODY, trust_env=False)
    return answer.status_code, answer.json()["reason"] if answer.is_error else ""


def test_a_message_that_was_answered_is_refused_by_the_service_that_is_started_after_a_kill(
    made: Office,
) -> None:
    message = _message(made)
    with made.running() as service:
        wait_until(made.ready, service, 30)
        assert [_send(made, message) for _ in range(2)] == [(200, ""), (401, "replayed")]
        service.kill()
    with made.running() as service:
        wait_until(made.ready, service, 30)
        assert _send(made, message) == (401, "replayed")
        assert _send(made, _message(made)) == (200, "")
    assert acts(made.log).count("read") == 2


def test_a_message_whose_answer_was_lost_is_not_answered_after_all(made: Office) -> None:
    message = _message(made)
    with made.running(1) as service:
        wait_until(made.ready, service, 30)
        with pytest.raises(httpx.TransportError):
            _send(made, message)
    with made.running() as service:
        wait_until(made.ready, service, 30)
        assert _send(made, message) == (401, "replayed"), (
            "it was entered, so it may have been read on its way"
        )


def test_of_two_that_come_at_the_same_moment_one_is_answered(made: Office) -> None:
    with made.running() as service:
        wait_until(made.ready, service, 30)
        with ThreadPoolExecutor(2) as senders:
            for _ in range(5):
                found = senders.map(_send, [made] * 2, [_message(made)] * 2)
                assert sorted(found) == [(200, ""), (401, "replayed")]
