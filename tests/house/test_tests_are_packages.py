"""Rule: every folder of tests that holds Python has an __init__.py, so that tests/gateway never shadows gateway."""

from tests.house import tree


def test_every_folder_of_tests_is_a_package() -> None:
    folders = {
        parent for path in tree.modules("tests") for parent in path.parents if tree.inside(parent, ("tests",))
    }
    assert {tree.name(folder) for folder in folders if not (folder / "__init__.py").exists()} == set()
