"""Settings: what cannot be used is said at the start, in words that name the setting."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from gateway.app import BadSettings, create_app
from gateway.main import main
from gateway.settings import Settings


@pytest.mark.parametrize(
    ("wrong", "named"),
    [
        ({"division": "3302"}, "division"),
        ({"nodes": ["ftp://somewhere"]}, "nodes"),
        ({"nodes": ["http://somewhere/path"]}, "nodes"),
        ({"node_ids": {"http://127.0.0.1:2": "330200.trade"}}, r"node_ids\n.*not among nodes"),
        ({"join_keys": 0}, "join_keys"),
        ({"reserve_percent": 100}, "reserve_percent"),
        ({"port": 70_000}, "port"),
    ],
)
def test_a_setting_that_cannot_be_used_is_named(wrong: dict[str, object], named: str) -> None:
    with pytest.raises(ValidationError, match=named):
        Settings.model_validate({"division": "330200", "nodes": ["http://127.0.0.1:1"], **wrong})


@pytest.mark.parametrize("content", [None, b"", b"no key"])
def test_a_key_file_without_a_key_stops_the_gateway(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "gateway.key.pem"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(BadSettings, match=r"key_file gateway\.key\.pem"):
        create_app(Settings(division="330200", nodes=("http://127.0.0.1:1",), key_file=path))


def test_every_setting_says_what_it_is_and_why() -> None:
    for name, field in Settings.model_fields.items():
        assert field.description, name
        assert len(field.description) > 20, name


def test_without_its_settings_the_gateway_ends_and_says_which_are_missing(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in Settings.model_fields:
        monkeypatch.delenv(f"LANGQIAO_GATEWAY_{name.upper()}", raising=False)
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 1
    said = capsys.readouterr().err
    assert "division" in said
    assert "nodes" in said
