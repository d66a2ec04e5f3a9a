"""Rule: transactions begin and end in the store's writers and in capture's database alone; all else is handed one."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from tests.house import tree

#: The writers of a department's tables, the maker of the demo's, and the keeper of the engine's own tables.
_KEEPERS = {
    "services/engine/source/sql/sqlite.py",
    "services/engine/source/sql/sqlite_line.py",
    "services/engine/source/sql/postgresql.py",
    "services/engine/source/sql/ddl.py",
    "services/engine/capture/database.py",
    "services/engine/capture/migrations/env.py",
}
_DEEDS = {"commit", "rollback", "transaction", "begin_transaction", "begin_nested"}
_BEGUN_ON = {"connection", "engine", "session", "database"}
_SAID = re.compile(r"(BEGIN|COMMIT|ROLLBACK|SAVEPOINT|RELEASE|START TRANSACTION)( [A-Z ]+)?;?")


def _deeds(path: Path) -> Iterator[str]:
    for node in ast.walk(tree.syntax(path)):
        if not isinstance(node, ast.Call):
            continue
        if isinstance(node.func, ast.Attribute):
            on = ast.unparse(node.func.value).rpartition(".")[2].strip("_")
            if node.func.attr in _DEEDS or (node.func.attr == "begin" and on in _BEGUN_ON):
                yield ast.unparse(node.func)
        for said in node.args:
            if isinstance(said, ast.Constant) and isinstance(said.value, str) and _SAID.fullmatch(said.value):
                yield said.value


def test_only_their_keepers_begin_and_end_transactions() -> None:
    found = {tree.name(path): deeds for path in tree.modules(*tree.PRODUCT) if (deeds := list(_deeds(path)))}
    assert {file: deeds for file, deeds in found.items() if file not in _KEEPERS} == {}


def test_every_keeper_does() -> None:
    silent = [name for name in sorted(_KEEPERS) if not list(_deeds(tree.ROOT / name))]
    assert silent == []
