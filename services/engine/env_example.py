"""A process's settings as an env file to fill in: every setting with its meaning; for the commands that print one, and
for deploy."""

from typing import Any

import orjson
from pydantic_core import PydanticUndefined
from pydantic_settings import BaseSettings


def env_example(settings: type[BaseSettings]) -> str:
    """A commented env file of every setting: unset ones without default first need a value."""
    prefix = settings.model_config.get("env_prefix", "")
    lines: list[str] = []
    for name, field in settings.model_fields.items():
        lines += [f"# {field.description}", f"{prefix}{name.upper()}={_shown(field.default)}", ""]
    return "\n".join(lines)


def _shown(default: Any) -> str:
    if default is PydanticUndefined or default is None:
        return ""
    if isinstance(default, (bool, dict, tuple)):
        return orjson.dumps(default).decode()
    return str(default)
