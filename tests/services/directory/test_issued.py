"""An operator asks the office for its departments' grants, takes what is newer, and goes by the last good ones until
they expire."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import orjson
import pytest
from pydantic import ValidationError

from schemas.trust import keys, signed
from schemas.trust.grants import Grants, number_at
from services.client.profile import Profile
from services.directory.issued import issued
from services.directory.known import CannotKnow
from services.directory.settings import Operator
from tests import registered
from tests.services.directory.bridge import DATASET, NEIGHBOUR, PUBLISHER
from tests.serving import serving

_AUTHORITY, _GRANTS, _OPERATOR = keys.new_key(), keys.new_key(), keys.new_key()
_OFFICE = "330200.data_office"


class Office(ThreadingHTTPServer):
    """Gives every department the same text, in one call each; notes who asked with which tag."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Desk)
        self.text, self.status, self.asked = "", 200, list[tuple[str, str]]()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class _Desk(BaseHTTPRequestHandler):
    server: Office

    def do_GET(self) -> None:
        if self.path == "/health":
            self._answer(200, orjson.dumps({"node": _OFFICE}))
            return
        self.server.asked.append((self.path, self.headers["if-none-match"]))
        assert self.headers["signature"], "it is a message"
        self._answer(self.server.status, self.server.text.encode())

    def _answer(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *said: Any) -> None:
        """It says nothing."""


@pytest.fixture
def office() -> Iterator[Office]:
    made = Office()
    with serving(made):
        yield made


@pytest.fixture
def operator(office: Office, tmp_path: Path) -> Operator:
    lines = [
        registered.line(f"{_OFFICE}/grants", _GRANTS, role="office"),
        registered.line(f"{_OFFICE}/operator", _OPERATOR),
    ]
    now = datetime.now(UTC)
    dates = {"issued": now.isoformat(), "expires": (now + timedelta(days=1)).isoformat()}
    (tmp_path / "registry.jws").write_text(signed.sign({"number": 1, **dates, "members": lines}, _AUTHORITY))
    (tmp_path / "operator.key.pem").write_bytes(keys.write_private(_OPERATOR))
    profile = Profile(gateway="", member=_OFFICE, system=f"{_OFFICE}/operator", key_file="operator.key.pem")
    profile.save(tmp_path / "operator.json")
    return Operator(
        departments=(PUBLISHER,),
        environment="city",
        registry_file=tmp_path / "registry.jws",
        authority_keys={_AUTHORITY.key_id: _AUTHORITY.public_hex},
        grants_from=office.url,
        profile_file=tmp_path / "operator.json",
        grants_folder=tmp_path / "grants",
    )


def _document(now: datetime, *, key: keys.KeyPair = _GRANTS) -> str:
    grant = {
        "id": "G-1",
        "member": "330200.approvals",
        "dataset": DATASET,
        "items": ["balance"],
        "purpose": "核验",
        "not_before": now.isoformat(),
        "expires": (now + timedelta(days=1)).isoformat(),
    }
    expires = (now + timedelta(hours=1)).isoformat()
    return signed.sign({"number": number_at(now), "expires": expires, "grants": [grant]}, key)


def _known(operator: Operator, now: datetime) -> tuple[Grants, list[str]]:
    """What is known of the publisher's grants after a time of asking, and what was said meanwhile."""
    said: list[str] = []
    return issued(operator, now, said.append)[PUBLISHER], said


def test_what_the_office_issues_is_taken_and_asked_for_by_its_number_then(
    office: Office, operator: Operator
) -> None:
    now = datetime.now(UTC)
    office.text = _document(now)
    first, said = _known(operator, now)
    assert (set(first.by_id), said) == ({"G-1"}, [])
    office.status = 304
    assert _known(operator, now) == (first, [])
    path = f"/office/grants/{PUBLISHER}"
    assert office.asked == [(path, '"0"'), (path, f'"{number_at(now)}"')]


def test_while_the_office_is_away_what_it_gave_last_counts_until_it_expires(
    office: Office, operator: Operator
) -> None:
    now = datetime.now(UTC)
    office.text = _document(now)
    given, _ = _known(operator, now)
    office.status = 503
    assert _known(operator, now) == (
        given,
        [f"The office gave no newer grants of {PUBLISHER}: it answered 503"],
    )
    away = operator.model_copy(update={"grants_from": "http://127.0.0.1:1"})
    assert _known(away, now) == (given, [f"The office gave no newer grants of {PUBLISHER}: ConnectError"])
    assert given.expires is not None
    assert given.expires <= now + timedelta(hours=1)


def test_what_is_older_or_signed_by_anybody_else_is_refused(office: Office, operator: Operator) -> None:
    now = datetime.now(UTC)
    office.text = _document(now)
    given, _ = _known(operator, now)
    for text, reason in (
        (_document(now - timedelta(minutes=5)), "older"),
        (_document(now, key=keys.new_key()), "unknown-key"),
        ("nothing signed", "malformed"),
    ):
        office.text = text
        known, [said] = _known(operator, now)
        assert known == given
        assert f": {reason}" in said


def test_departments_whose_grants_stand_in_files_are_not_asked_for(
    office: Office, operator: Operator, tmp_path: Path
) -> None:
    files = {NEIGHBOUR: tmp_path / "grants.jws"}
    both = operator.model_copy(update={"departments": (PUBLISHER, NEIGHBOUR), "grants_files": files})
    office.status = 404
    assert set(issued(both, datetime.now(UTC), lambda said: None)) == {PUBLISHER}


def test_a_profile_without_a_key_asks_for_nothing(operator: Operator, tmp_path: Path) -> None:
    Profile(gateway="").save(tmp_path / "operator.json")
    with pytest.raises(CannotKnow, match="no system without a key"):
        _known(operator, datetime.now(UTC))


def test_where_to_ask_as_whom_and_where_to_keep_it_come_together() -> None:
    with pytest.raises(ValidationError, match="come together"):
        Operator(departments=(PUBLISHER,), environment="city", grants_from="http://office")
