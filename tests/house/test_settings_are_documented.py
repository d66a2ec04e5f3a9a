"""Rule: every setting of every process says what it is, with its reason, and stands in an env example under deploy/."""

import ast
import importlib

from pydantic_settings import BaseSettings

from tests.house import tree


def _classes() -> list[type[BaseSettings]]:
    found = []
    for path in tree.modules(*tree.PRODUCT):
        module = tree.name(path).removesuffix(".py").replace("/", ".")
        for node in ast.walk(tree.syntax(path)):
            if isinstance(node, ast.ClassDef) and "BaseSettings" in map(ast.unparse, node.bases):
                found.append(getattr(importlib.import_module(module), node.name))
    return found


def test_every_setting_is_a_sentence_and_stands_in_an_example() -> None:
    found = _classes()
    assert len(found) >= 2
    for settings in found:
        _is_documented(settings)


def _is_documented(settings: type[BaseSettings]) -> None:
    prefix = settings.model_config.get("env_prefix", "")
    examples = [path.read_text(encoding="utf-8") for path in (tree.ROOT / "deploy").glob("*.env.example")]
    poor = []
    for name, field in settings.model_fields.items():
        said = field.description or ""
        lines = f"# {said}\n{prefix}{name.upper()}="
        if len(said.split()) < 3 or not said.endswith(".") or not any(lines in one for one in examples):
            poor.append(name)
    assert poor == []
