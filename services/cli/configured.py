"""A process's settings, read for the command that serves: what is wrong is said by variable and reason."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import TypeVar

import typer
from pydantic import ValidationError
from pydantic_settings import BaseSettings, SettingsError

_Settings = TypeVar("_Settings", bound=BaseSettings)
_FIELD = re.compile(r'field "(\w+)"')
#: Settings that end so name a file of secret bytes, which must be there before the process starts.
_SECRET, _LEAST_BYTES = "_key_file", 32


def configured(settings: type[_Settings], *, secrets: bool = True) -> _Settings:
    """The settings that the environment gives. Else a line for each variable on standard error, and exit code 2.

    No line repeats what a variable holds: it may be a password. `secrets` says whether the files of secret bytes
    are needed too.
    """
    try:
        found = settings()
        poor = _poor_secrets(found) if secrets else ()
        wrong = [_line(settings, field, reason) for field, reason in poor]
        if not wrong:
            return found
    except ValidationError as fault:
        wrong = [
            _line(settings, str(one["loc"][0]), _reason(one["type"], one["msg"])) for one in fault.errors()
        ]
    except SettingsError as fault:
        named = _FIELD.search(str(fault))
        wrong = [_line(settings, named.group(1) if named else "", "cannot be read as JSON")]
    typer.echo("\n".join(["These settings stop the start:", *wrong]), err=True)
    raise typer.Exit(2)


def _poor_secrets(settings: BaseSettings) -> Iterator[tuple[str, str]]:
    for field, path in settings:
        if field.endswith(_SECRET) and isinstance(path, Path):
            try:
                if len(path.read_bytes()) < _LEAST_BYTES:
                    yield field, f"the file holds fewer than {_LEAST_BYTES} bytes"
            except OSError as fault:
                yield field, f"the file cannot be read ({fault.strerror})"


def _reason(fault: str, message: str) -> str:
    return "is not set" if fault == "missing" else message.removeprefix("Value error, ")


def _line(settings: type[BaseSettings], field: str, reason: str) -> str:
    variable = f"{settings.model_config.get('env_prefix', '')}{field}".upper()
    meant = settings.model_fields[field].description if field in settings.model_fields else None
    return f"  {variable}: {reason}. {meant or ''}".rstrip()
