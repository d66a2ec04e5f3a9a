"""Settings that cannot be used stop a process with a line for each, which names the variable and never its value."""

from pathlib import Path

import pytest

from gateway.settings import Settings as GatewaySettings
from services.engine.env_example import env_example
from services.engine.settings import Settings
from tests.services.cli.tool import run

_GOOD = {
    "LANGQIAO_KIND": "taxation",
    "LANGQIAO_DIVISION": "330200",
    "LANGQIAO_DATABASE_URL": "sqlite:///records.sqlite",
    "LANGQIAO_PSEUDONYM_KEY_FILE": "pseudonym.key",
}
_PROCESSES = (("department", "serve", "taxation"), ("department", "relay", "taxation"), ("gateway", "serve"))


@pytest.fixture
def good(tmp_path: Path) -> dict[str, str | None]:
    """Settings that nothing is wrong with."""
    secret = tmp_path / "pseudonym.key"
    secret.write_bytes(bytes(range(32)))
    return {**_GOOD, "LANGQIAO_PSEUDONYM_KEY_FILE": str(secret)}


@pytest.mark.parametrize("process", _PROCESSES, ids=" ".join)
def test_a_process_without_settings_says_which_it_needs_and_what_for(process: tuple[str, ...]) -> None:
    ended = run(*process)
    assert ended.exit_code == 2
    prefix = "LANGQIAO_GATEWAY_" if process[0] == "gateway" else "LANGQIAO_"
    assert f"  {prefix}DIVISION: is not set. Division " in ended.stderr
    assert "Traceback" not in ended.stderr


@pytest.mark.parametrize(
    ("variable", "value", "reason"),
    [
        ("LANGQIAO_DIVISION", "Ningbo-secret", "should match pattern"),
        ("LANGQIAO_PORT", "secret", "should be a valid integer"),
        ("LANGQIAO_PORT", "70000", "less than or equal to 65535"),
        ("LANGQIAO_COVERAGE", "secret", "cannot be read as JSON"),
        ("LANGQIAO_AUTHORITY_KEYS", "{secret", "cannot be read as JSON"),
        ("LANGQIAO_RELAY_BATCH", "0", "greater than or equal to 1"),
        ("LANGQIAO_DIVISION", "", "is not set"),
    ],
)
def test_a_wrong_setting_is_named_with_its_reason_and_without_its_value(
    variable: str, value: str, reason: str, good: dict[str, str | None]
) -> None:
    ended = run("department", "serve", "taxation", environment={**good, variable: value})
    assert ended.exit_code == 2
    line = next(line for line in ended.stderr.splitlines() if variable in line)
    assert reason in line
    assert "secret" not in ended.stderr


def test_an_unknown_kind_is_a_wrong_use_that_lists_the_kinds() -> None:
    ended = run("department", "serve", "transport")
    assert ended.exit_code == 2
    assert "taxation" in ended.stderr


def test_settings_of_another_kind_stop_the_service(good: dict[str, str | None]) -> None:
    ended = run("department", "serve", "credit", environment=good)
    assert ended.exit_code == 1


@pytest.mark.parametrize(
    ("secret", "reason"),
    [(None, "cannot be read (No such file or directory)"), (b"short", "fewer than 32 bytes")],
)
@pytest.mark.parametrize("variable", ["LANGQIAO_PSEUDONYM_KEY_FILE", "LANGQIAO_CURSOR_KEY_FILE"])
def test_a_secret_must_be_there_and_long_enough(
    variable: str, secret: bytes | None, reason: str, tmp_path: Path, good: dict[str, str | None]
) -> None:
    file = tmp_path / "poor.key"
    if secret is not None:
        file.write_bytes(secret)
    ended = run("department", "serve", "taxation", environment={**good, variable: str(file)})
    assert ended.exit_code == 2
    assert f"  {variable}: the file " in ended.stderr
    assert reason in ended.stderr


@pytest.mark.parametrize("settings", [Settings, GatewaySettings])
def test_every_setting_has_a_meaning(settings: type[Settings] | type[GatewaySettings]) -> None:
    assert [name for name, field in settings.model_fields.items() if not field.description] == []


def test_a_printed_env_file_with_the_needed_lines_filled_in_means_the_defaults(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    printed = dict(
        line.split("=", 1) for line in env_example(Settings).splitlines() if line and not line.startswith("#")
    )
    for name, value in {**printed, **_GOOD}.items():
        monkeypatch.setenv(name, value)
    filled = Settings()
    for name in printed:
        monkeypatch.delenv(name)
    for name, value in _GOOD.items():
        monkeypatch.setenv(name, value)
    assert filled == Settings()
