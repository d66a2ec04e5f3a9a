"""A process's settings, read for the command that serves: what is wrong is said by variable and reason."""

import re
from typing import TypeVar

import typer
from pydantic import ValidationError
from pydantic_settings import BaseSettings, SettingsError

_Settings = TypeVar("_Settings", bound=BaseSettings)
_FIELD = re.compile(r'field "(\w+)"')


def configured(settings: type[_Settings]) -> _Settings:
    """The settings that the environment gives. Else a line for each variable on standard error, and exit code 2.

    No line repeats what a variable holds: it may be a password.
    """
    try:
        return settings()
    except ValidationError as fault:
        wrong = [_line(settings, str(one["loc"][0]), one["type"], one["msg"]) for one in fault.errors()]
    except SettingsError as fault:
        named = _FIELD.search(str(fault))
        wrong = [_line(settings, named.group(1) if named else "", "json", "cannot be read as JSON")]
    typer.echo("\n".join(["These settings stop the start:", *wrong]), err=True)
    raise typer.Exit(2)


def _line(settings: type[BaseSettings], field: str, fault: str, message: str) -> str:
    variable = f"{settings.model_config.get('env_prefix', '')}{field}".upper()
    said = "is not set" if fault == "missing" else message
    meant = settings.model_fields[field].description if field in settings.model_fields else None
    return f"  {variable}: {said}. {meant or ''}".rstrip()
