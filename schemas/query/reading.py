"""Reading one parameter's text from left to right, with the place for every fault; used by the parsers."""

import difflib
import re
from collections.abc import Iterable

from schemas.query.size import MAX_PARTS, too_large
from schemas.query.tree import Place
from schemas.wire.problem import Problem

_NAME = re.compile(r"\w+")
_QUOTED = re.compile(r'"((?:[^"\\]|\\.)*)"', re.DOTALL)
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)
#: PostgREST takes a brace for an array's, and reads to its end.
_BARE = re.compile(r"\{[^{}]*\}|[^,)]*")
_BLANKS = re.compile(r"[ \t\r\n]*")
_LONGEST_NAME = 64


class Reader:
    """A position in the text of one parameter."""

    def __init__(self, parameter: str, text: str) -> None:
        self.parameter = parameter
        self.text = text
        self.at = 0
        self.parts = 0

    @property
    def place(self) -> Place:
        return Place(self.parameter, self.at)

    @property
    def ended(self) -> bool:
        return self.at >= len(self.text)

    def take(self, token: str) -> bool:
        """Step over a token when it stands here."""
        if self.text.startswith(token, self.at):
            self.at += len(token)
            return True
        return False

    def expect(self, token: str) -> None:
        if not self.take(token):
            raise self.fault(f"here must stand {token!r}")

    def count(self) -> None:
        """One more part; refused here and now, for a text of a million of them is seconds of work to read."""
        self.parts += 1
        if self.parts > MAX_PARTS:
            raise too_large(MAX_PARTS, "parts")

    def blanks(self) -> None:
        match = _BLANKS.match(self.text, self.at)
        self.at = match.end() if match else self.at

    def name(self, what: str) -> str:
        """A bare or quoted name."""
        if self.text.startswith('"', self.at) and not self.text.startswith('""', self.at):
            return self.quoted()
        match = _NAME.match(self.text, self.at)
        if match is None:
            raise self.fault(f"here must stand {what}")
        self.at = match.end()
        return match.group()

    def quoted(self) -> str:
        """A text in double quotes; a backslash keeps the character behind it."""
        match = _QUOTED.match(self.text, self.at)
        if match is None:
            raise self.fault("this quoted text has no end")
        self.at = match.end()
        return unescaped(match.group(1))

    def value(self) -> str:
        """A value inside a list: quoted, or bare up to a comma or a closing parenthesis."""
        if self.text.startswith('"', self.at):
            return self.quoted()
        return self.bare()

    def bare(self) -> str:
        """A text up to a comma or a closing parenthesis."""
        match = _BARE.match(self.text, self.at)
        self.at = match.end() if match else self.at
        return match.group() if match else ""

    def fault(self, message: str, code: str = "bad-syntax", **members: object) -> Problem:
        return fault_at(self.place, message, code, **members)


def unescaped(text: str) -> str:
    """The inside of a quoted text without its backslashes."""
    return _ESCAPE.sub(r"\1", text) if "\\" in text else text


def fault_at(place: Place, message: str, code: str = "bad-syntax", **members: object) -> Problem:
    """A problem with the query at a place."""
    parameter = shown(place.parameter)
    where = {"parameter": parameter, "position": place.offset, **members}
    return Problem(code, f"{message} (parameter {parameter}, position {place.offset})", members=where)


def nearest(name: str, known: Iterable[str]) -> str | None:
    """The known name that is most like a wrong one."""
    return next(iter(difflib.get_close_matches(name[:_LONGEST_NAME], list(known), n=1)), None)


def shown(name: str) -> str:
    """A caller's text is repeated only where it looks like a name or a path of names."""
    plain = name.replace(".", "_")
    return (
        name
        if len(name) <= 2 * _LONGEST_NAME and plain.isascii() and plain.isidentifier()
        else "of that name"
    )
