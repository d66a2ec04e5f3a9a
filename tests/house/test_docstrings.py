"""Rule: every module opens with one sentence: what it is, and who calls it."""

import ast

from tests.house import tree


def _needs_a_sentence(source: str, file: str) -> bool:
    return bool(source.strip()) or not (file.startswith("tests/") and file.endswith("__init__.py"))


def test_every_module_opens_with_a_sentence() -> None:
    silent = [
        tree.name(path)
        for path in tree.modules()
        if _needs_a_sentence(path.read_text(encoding="utf-8"), tree.name(path))
        and not ast.get_docstring(tree.syntax(path))
    ]
    assert silent == []
