"""The skeleton of a new department: its folder and a first contract, from templates; called by `department new`."""

import keyword
import re
from pathlib import Path
from string import Template

_TEMPLATES = Path(__file__).with_name("templates")
_ROOT = Path(__file__).resolve().parents[2]
_KIND = re.compile(r"[a-z][a-z0-9_]{0,40}")
#: Template -> where its text goes, below the folder that holds `schemas` and `services`.
_PLACES = {
    "contract": "schemas/{kind}/permits.v1.odcs.yaml",
    "package": "services/departments/{kind}/__init__.py",
    "mapping": "services/departments/{kind}/mapping.py",
    "app": "services/departments/{kind}/app.py",
    "seed": "services/departments/{kind}/seed.py",
}


class CannotBegin(Exception):
    """The skeleton cannot be written; says why."""


def begin(kind: str, provider: str, root: Path | None = None) -> tuple[Path, ...]:
    """Write a department that works at once, with one dataset; the files written. Overwrites nothing.

    `root` holds the folders `schemas` and `services`; None: where this program itself is installed.
    """
    if not _KIND.fullmatch(kind) or keyword.iskeyword(kind):
        raise CannotBegin(
            f"{kind} is no name for a kind: small letters, digits and underscores, such as transport"
        )
    below = root or _ROOT
    if not (below / "services" / "departments").is_dir():
        raise CannotBegin(f"{below} holds no services/departments")
    files = {
        below / place.format(kind=kind): _TEMPLATES / f"{name}.template" for name, place in _PLACES.items()
    }
    for folder in {path.parent for path in files}:
        if folder.exists():
            raise CannotBegin(f"{folder} exists; a department is begun once")
    return tuple(_written(path, template, kind, provider) for path, template in files.items())


def _written(path: Path, template: Path, kind: str, provider: str) -> Path:
    text = Template(template.read_text(encoding="utf-8")).substitute(
        kind=kind, provider=provider, words=kind.replace("_", " ")
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path
