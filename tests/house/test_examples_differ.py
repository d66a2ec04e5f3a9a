"""Rule: a property is asked other questions at each value of a fixture, on the build machine too."""

import ast

from tests.house import tree


def test_no_property_takes_its_fixture_s_values_without_a_mark() -> None:
    """There examples follow from the test's name, to which a `parametrize` mark adds, and a fixture's own `params` do
    not: each value would meet the same examples again."""
    many = {one.name for path in tree.modules("tests") for one in tree.functions(path) if _has_values(one)}
    found = [
        f"{tree.name(path)}:{one.lineno}"
        for path in tree.modules("tests")
        for one in tree.functions(path)
        if "given" in _called(one) and many & {argument.arg for argument in one.args.args}
    ]
    assert found == []


def _has_values(function: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    return any(
        isinstance(one, ast.Call) and any(keyword.arg == "params" for keyword in one.keywords)
        for one in function.decorator_list
    )


def _called(function: ast.FunctionDef | ast.AsyncFunctionDef) -> set[str]:
    decorators = (one for one in function.decorator_list if isinstance(one, ast.Call))
    return {ast.unparse(one.func).split(".")[-1] for one in decorators}
