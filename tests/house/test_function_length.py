"""Rule: a function has at most 40 lines, its docstring not counted."""

import ast

from tests.house import tree

_MOST = 40


def _lines(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    assert function.end_lineno is not None
    body = function.body[1:] if ast.get_docstring(function) is not None else function.body
    first = body[0].lineno if body else function.end_lineno
    return function.end_lineno - first + 1 + (function.body[0].lineno - function.lineno)


def test_functions_are_short() -> None:
    long = [
        f"{tree.name(path)}:{function.lineno} {function.name} has {_lines(function)} lines"
        for path in tree.modules()
        for function in tree.functions(path)
        if _lines(function) > _MOST
    ]
    assert long == []
