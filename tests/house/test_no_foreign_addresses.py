"""Rule: no file names the host of a package registry or a place on somebody's machine."""

import re

from tests.house import tree

#: Written in pieces, so that this file keeps its own rule.
_HOSTS = (
    "pypi" + ".org",
    "python" + "hosted.org",
    "npm" + "js.org",
    "npm" + "js.com",
    "tuna." + "tsinghua",
    "crates" + ".io",
    "mirrors." + "aliyun",
    "proxy.golang" + ".org",
    "repo1.maven" + ".org",
    "repo.maven." + "apache.org",
)
_PLACES = (
    r"/home/\w",
    r"/root\b",
    r"/Users/\w",
    r"/work" + r"/\w",
    r"/tmp" + r"/\w",
    r"/opt" + r"/wheels",
    r"C:\\",
)
_FORBIDDEN = re.compile("|".join([*map(re.escape, _HOSTS), *_PLACES]))


def test_no_registry_host_and_no_machine_path_in_any_file() -> None:
    found = []
    for path in tree.files():
        if tree.inside(path, ("tests/house/test_no_foreign_addresses.py",)) or path.name == "LICENSE":
            continue
        lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
        found += [
            f"{tree.name(path)}:{n} {hit.group()}"
            for n, line in enumerate(lines, 1)
            if (hit := _FORBIDDEN.search(line))
        ]
    assert found == []
