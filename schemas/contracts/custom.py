"""Custom properties of a contract, read by type: what does not fit is told, never guessed. Used by `load`."""

import difflib
from collections.abc import Callable
from typing import Any, TypeVar

from open_data_contract_standard.model import CustomProperty

from schemas.contracts.model import Sharing, SharingClass

#: Takes the reason of one fault.
Blame = Callable[[str], None]

#: How like one of ours a name must be to count as misspelt; other tools' properties are none of our business.
_MISSPELT = 0.8

_T = TypeVar("_T")


class Custom:
    """One list of custom properties; each reading blames a value of the wrong form and then goes on without it."""

    def __init__(self, listed: list[CustomProperty] | None, known: frozenset[str], blame: Blame) -> None:
        self._values: dict[str, Any] = {}
        self._blame = blame
        for one in listed or ():
            name = one.property or ""
            if name in self._values:
                blame(f"the custom property {name} stands here twice")
            self._values[name] = one.value
        for name in self._values.keys() - known:
            near = difflib.get_close_matches(name, known, n=1, cutoff=_MISSPELT)
            if near:
                blame(f"there is no custom property {name}; did you mean {near[0]}?")

    def has(self, name: str) -> bool:
        return name in self._values

    def text(self, name: str) -> str:
        """A text; empty when missing."""
        return self.optional(name) or ""

    def optional(self, name: str) -> str | None:
        """A text; None when missing."""
        return self._read(name, str, "a text")

    def flag(self, name: str) -> bool:
        """A truth; false when missing."""
        return self._read(name, bool, "true or false") or False

    def whole(self, name: str) -> int | None:
        """A whole number; None when missing."""
        return self._read(name, int, "a whole number")

    def texts(self, name: str) -> tuple[str, ...] | None:
        """A list of texts; None when missing."""
        listed = self._read(name, list, "a list of texts")
        if listed is None or all(isinstance(one, str) for one in listed):
            return None if listed is None else tuple(listed)
        self._blame(f"{name} is a list of texts; put quotes around what YAML takes for something else")
        return None

    def sharing(self, name: str) -> Sharing | None:
        """A sharing class with what it states; None when missing, or when it is no such class."""
        value = self._read(name, dict, "a mapping with class")
        if value is None:
            return None
        stated = {key: value.get(key) for key in ("scope", "purpose", "reason", "legalBasis")}
        wrong = [key for key, one in stated.items() if not isinstance(one, str | None)]
        wrong += [str(key) for key in value if key != "class" and key not in stated]
        for key in wrong:
            self._blame(f"{name}.{key} is a text of scope, purpose, reason or legalBasis")
        if value.get("class") not in list(SharingClass):
            self._blame(f"{name}.class is unconditional, conditional or withheld")
            return None
        scope, purpose, reason, basis = stated.values()
        return Sharing(SharingClass(value["class"]), scope, purpose, reason, basis)

    def _read(self, name: str, form: type[_T], what: str) -> _T | None:
        value = self._values.get(name)
        if isinstance(value, form) and (form is bool or not isinstance(value, bool)):
            return value
        if value is not None:
            self._blame(f"{name} is {what}")
        return None
